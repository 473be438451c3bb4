"""Feature maps of a backbone with pretrained or random weights."""
import inspect
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.registry import DefaultScope
from PIL import Image
from torch import nn

from mmrice.registry import MODELS
from mmrice.utils import UserError

STRIDE = 32  # of backbones that have no patches


class Encoder(NamedTuple):
    """A backbone of a config and the pixels that it expects.

    Attributes:
        model: The dict that builds it.
        mean: Of the channels, 0 to 255; None where the config does not say.
        std: Likewise.
        is_bgr: Order of the channels.
        scope: Host library of the config, or None.
    """
    model: Dict[str, Any]
    mean: Optional[Sequence[float]]
    std: Optional[Sequence[float]]
    is_bgr: bool = False
    scope: Optional[str] = None


def encoder_of(cfg: Any) -> Encoder:
    """Find the backbone of a config of pretraining, of a detector, a segmentor or a classifier, or of one alone.

    Args:
        cfg: With a ``model`` that has a ``backbone`` or is one, or with a ``backbone`` at its top level, as the files
            of ``configs/_base_/backbones`` have it.

    Raises:
        UserError: There is none.
    """
    model = cfg.get('model') or {}
    backbone = model.get('backbone') or cfg.get('backbone') or model
    while isinstance(backbone, dict) and 'backbone' in backbone:  # mmrice.FrozenBackbone
        backbone = backbone['backbone']
    if not isinstance(backbone, dict) or 'type' not in backbone:
        raise UserError(f'{cfg.filename}: has neither a model with a backbone nor a backbone.')
    stated = {**(cfg.get('data_preprocessor') or {}), **(model.get('data_preprocessor') or {})}
    turned = stated.get('bgr_to_rgb') or stated.get('to_rgb')
    return Encoder(dict(backbone), stated.get('mean') or cfg.get('mean'), stated.get('std') or cfg.get('std'),
                   bool(stated.get('mean')) and not turned, cfg.get('default_scope'))


def build_backbone(encoder: Encoder, weights: Union[str, Path, None]) -> nn.Module:
    """Build a backbone that gives feature maps, in evaluation mode.

    Args:
        encoder: From :func:`encoder_of`.
        weights: Checkpoint of a model that has it, or of it alone; None keeps random initial weights, of seed 0.

    Raises:
        UserError: The checkpoint does not cover it.
    """
    from mmrice.engine.pretrained_init import RICEPretrained
    with torch.random.fork_rng(devices=[]), DefaultScope.overwrite_default_scope(encoder.scope):
        torch.manual_seed(0)
        model = {**encoder.model, 'init_cfg': None}
        with MODELS.switch_scope_and_registry(None) as registry:
            kind = registry.get(model['type'])
        if kind is not None and 'out_type' in inspect.signature(kind.__init__).parameters:
            model['out_type'] = 'featmap'
        backbone = MODELS.build(model)
    backbone.eval()
    if weights is not None:
        RICEPretrained(str(weights))(backbone)
    return backbone


def stride_of(backbone: nn.Module) -> int:
    """What input sizes should be multiples of: the patch of a transformer, else :data:`STRIDE`."""
    patch = getattr(backbone, 'patch_size', None) or getattr(getattr(backbone, 'patch_embed', None), 'patch_size', None)
    projection = getattr(getattr(backbone, 'patch_embed', None), 'projection', None)
    patch = patch or getattr(projection, 'kernel_size', None) or STRIDE
    return patch if isinstance(patch, int) else patch[0]


def patch_features(model: dict, weights: Optional[Path], images: Sequence[np.ndarray], side: int,
                   mean: Sequence[float], std: Sequence[float]) -> List[np.ndarray]:
    """Patch features of images by a backbone, at one size.

    Args:
        model: Config dict of the backbone.
        weights: Checkpoint of a pretrainer; None keeps the random initial weights, of seed 0.
        images: RGB, uint8, of any size.
        side: Images are resized to ``side`` x ``side`` pixels.
        mean: Of the RGB channels, in [0, 255].
        std: Likewise.

    Returns:
        list: One float32 array for each image, shape (C, h, w).
    """
    backbone = build_backbone(Encoder(model, mean, std), weights)
    return [feature_map(backbone, image, (side, side), mean, std) for image in images]


@torch.no_grad()
def feature_map(backbone: nn.Module, image: np.ndarray, size: Tuple[int, int], mean: Sequence[float],
                std: Sequence[float], is_bgr: bool = False) -> np.ndarray:
    """The last feature map of an image.

    Args:
        backbone: From :func:`build_backbone`, on any device.
        image: RGB, uint8, of any size.
        size: Width and height to which it is resized, px.
        mean, std: Of the channels in the backbone's order, in [0, 255].
        is_bgr: That order.

    Returns:
        np.ndarray: shape (C, h, w), float32.

    Raises:
        UserError: The backbone gives no map.
    """
    pixels = np.asarray(Image.fromarray(image).resize(size, Image.BICUBIC), dtype=np.float32)
    pixels = pixels[..., ::-1] if is_bgr else pixels
    normalised = torch.from_numpy((pixels - np.asarray(mean, np.float32)) / np.asarray(std, np.float32))
    device = next(backbone.parameters()).device
    outputs = backbone(normalised.permute(2, 0, 1)[None].to(device))
    last = outputs[-1] if isinstance(outputs, (tuple, list)) else outputs
    if last.ndim != 4:
        raise UserError(f'{type(backbone).__name__} gives features of shape {tuple(last.shape)}, expected a map, '
                        '(B, C, h, w).')
    return last[0].float().cpu().numpy()

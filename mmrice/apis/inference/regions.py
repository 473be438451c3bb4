"""Features of regions, of images and of patches by a RICEViT: the drop-in use of a pretrained encoder."""
from itertools import groupby
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor, nn

from mmrice.data_engine.encoders.network_input import Prepared, fit, size_for
from mmrice.data_engine.encoders.recipe import find_resize, read_recipe
from mmrice.data_engine.encoders.region_network import build_neck, load_vit
from mmrice.data_engine.encoders.torch_encoder import to_input
from mmrice.engine.weights import read_source
from mmrice.models import RegionTransformer
from mmrice.utils import UserError

from .base import ConfigLike, open_config, pick_device
from .boxes import Boxes, check_boxes
from .images import ImageLike, as_list, read_image


class RegionFeatures(NamedTuple):
    """What one pass over an image gives, float32, on the CPU, not normalised.

    Attributes:
        regions: Embeddings of the boxes, shape (K, D).
        image: The class token, shape (C,).
        patches: Patch tokens, shape (C, h, w).
    """
    regions: Tensor
    image: Tensor
    patches: Tensor


class RegionFeatureExtractor:
    """Embeddings of the boxes of images, one pass an image whatever its number of boxes.

    Images are prepared as in training: resized to the size that the training pipeline had, normalised with its mean and
    deviation. Patch tokens become the embedding of a box by the pooling that the checkpoint holds, RICE's
    :class:`mmrice.RegionTransformer` or CLOC's :class:`mmrice.Prompter`; without one by that of RICE's authors, which
    has no parameters (:attr:`pooling` says which).

    Args:
        config: A training config (a file, 'mmrice::PATH', a ``Config`` or dict), or the dict of a backbone; or the
            checkpoint, when it is the only argument: those of this project say what they need.
        checkpoint: Weights: of pretraining or of a detector, converted ones, or a folder in Hugging Face's format.
        device: 'cpu', 'cuda', 'cuda:1'. Defaults to None: a GPU where there is one.
        input_size: Width and height of the network's input, px, or one number for both. Defaults to None: that of
            training.
        long_edge: Keep the aspect of each image instead; its longer edge gets this many pixels, and both edges are
            rounded to multiples of the patch. Defaults to None.
        pad_val: Keep the aspect within ``input_size`` and fill up with this grey. Defaults to None: as in training.
        mean, std: Of the channels, 0 to 255. Default to None: as in training.
        batch_size: Images of equal size that pass together. Defaults to 16.
        options: {dotted key: value} to change in the config. Defaults to None.

    Raises:
        UserError: The checkpoint has no RICEViT, or not that of the config; nobody says the size, mean or deviation.

    Example:
        >>> from mmrice.apis import RegionFeatureExtractor
        >>> extractor = RegionFeatureExtractor('configs/quick/rice_vit-tiny_mini.py', 'latest.pth')
        >>> extractor('photo.jpg', [[10, 20, 200, 180], [0, 0, 50, 60]]).shape
        torch.Size([2, 192])
    """

    def __init__(self,
                 config: Union[ConfigLike, Dict[str, Any]],
                 checkpoint: Union[str, Path, None] = None,
                 device: Optional[str] = None,
                 input_size: Union[int, Sequence[int], None] = None,
                 long_edge: Optional[int] = None,
                 pad_val: Optional[int] = None,
                 mean: Optional[Sequence[float]] = None,
                 std: Optional[Sequence[float]] = None,
                 batch_size: int = 16,
                 options: Optional[Dict[str, Any]] = None) -> None:
        stated = {} if checkpoint is None else _as_recipe(config, options)
        self.source = str(config if checkpoint is None else checkpoint)
        source = read_source(self.source)
        recipe = stated or read_recipe(str(source.meta.get('cfg', '')))
        self.backbone, found = load_vit(self.source, _vit_config(stated))
        neck = build_neck(source, recipe, self.backbone)
        self.pooling = 'parameter-free pooling' if neck is None else f'{type(neck).__name__} of the checkpoint'
        self.neck = neck or _plain_neck(self.backbone)
        self.device = pick_device(device)
        for module in (self.backbone, self.neck):
            module.float().eval().requires_grad_(False).to(self.device)
        preprocess = {**(found.preprocess or {}), **_preprocess(stated)}
        resize = find_resize(recipe)
        size = input_size or (resize.size if resize else preprocess.get('image_size'))
        self.input_size = (size, size) if isinstance(size, int) else size and tuple(size)
        self.pad_val = resize.pad_val if pad_val is None and resize else pad_val
        self.long_edge, self.batch_size = long_edge, batch_size
        self.mean = preprocess.get('mean') if mean is None else mean
        self.std = preprocess.get('std') if std is None else std
        self.is_bgr = preprocess.get('order') == 'BGR'
        self._check()

    def _check(self) -> None:
        for name in ('mean', 'std', *(() if self.long_edge else ('input_size', ))):
            if getattr(self, name) is None:
                raise UserError(f'{self.source}: does not say the {name} of its training. Give {name}, or the config.')
        patch = self.backbone.patch_size
        if self.input_size and any(side % patch or side < 1 for side in self.input_size) and not self.long_edge:
            raise UserError(f'input_size is {self.input_size}, expected multiples of the patch of {self.source}, '
                            f'{patch} px.')

    def __call__(self, images: Union[ImageLike, Sequence[ImageLike]],
                 boxes: Union[Boxes, Sequence[Boxes]]) -> Union[Tensor, List[Tensor]]:
        """Embed regions.

        Args:
            images: A path, a folder, an array (RGB, uint8, shape (H, W, 3)), or a list of paths and arrays.
            boxes: xyxy in pixels of the original image, shape (K, 4); for several images a list of such. What lies
                outside the image is cut off.

        Returns:
            Tensor | list: shape (K, D), float32, not normalised; of several images a list.

        Raises:
            UserError: An image cannot be read, or a box is none or does not touch its image.
        """
        items, single = as_list(images)
        found = [one.regions for one in self.extract(items, [boxes] if single else boxes)]
        return found[0] if single else found

    def image_features(self, images: Union[ImageLike, Sequence[ImageLike]]) -> Tensor:
        """Class tokens of images, shape (N, C)."""
        return torch.stack([one.image for one in self.extract(images)])

    def patch_maps(self, images: Union[ImageLike, Sequence[ImageLike]]) -> List[Tensor]:
        """Patch tokens of each image, shapes (C, h, w)."""
        return [one.patches for one in self.extract(images)]

    def extract(self, images: Union[ImageLike, Sequence[ImageLike]],
                boxes: Optional[Sequence[Boxes]] = None) -> List[RegionFeatures]:
        """Everything that one pass an image gives; arguments as in :meth:`__call__`, always for a list of images."""
        features = []
        for batch in self._batches(images, boxes):
            tokens, grid, places = self._encode(batch)
            regions = self.neck(tokens, grid, places).float().cpu().split([len(one.boxes) for one in batch])
            patches = tokens[:, 1:].transpose(1, 2).unflatten(2, grid).cpu()
            features += map(RegionFeatures, regions, tokens[:, 0].cpu(), patches)
        return features

    def attention(self, image: ImageLike, boxes: Boxes) -> Tensor:
        """Where the queries of boxes look, see :meth:`RegionTransformer.attention`; shape (K, heads, h, w)."""
        batch, = self._batches([image], [boxes])
        return self.neck.attention(*self._encode(batch)).float().cpu()

    def _batches(self, images: Any, boxes: Optional[Sequence[Boxes]]) -> Any:
        items, _ = as_list(images)
        boxes = [np.zeros((0, 4))] * len(items) if boxes is None else boxes
        if len(boxes) != len(items):
            raise UserError(f'{len(boxes)} lists of boxes for {len(items)} images, expected one for each.')
        prepared = map(self._prepare, items, boxes)
        for _, alike in groupby(enumerate(prepared), lambda pair: pair[1].image.shape):
            batch = []
            for _, one in alike:
                batch.append(one)
                if len(batch) == self.batch_size:
                    yield batch
                    batch = []
            if batch:
                yield batch

    def _prepare(self, image: ImageLike, boxes: Boxes) -> Prepared:
        pixels = read_image(image)
        size = pixels.shape[1::-1]
        name = str(image) if isinstance(image, (str, Path)) else f'an image of {size[0]} x {size[1]} px'
        boxes = check_boxes(boxes, size, name)
        if self.long_edge:
            return fit(pixels, boxes, size_for(size, self.long_edge, self.backbone.patch_size))
        return fit(pixels, boxes, self.input_size, self.pad_val)

    @torch.no_grad()
    def _encode(self, batch: List[Prepared]) -> Tuple[Tensor, Tuple[int, int], List[Tensor]]:
        pixels = np.stack([one.image for one in batch])
        pixels = np.ascontiguousarray(pixels[..., ::-1]) if self.is_bgr else pixels
        inputs = to_input(pixels, self.mean, self.std, self.device)
        grid = tuple(side // self.backbone.patch_size for side in inputs.shape[-2:])
        return self.backbone(inputs)[-1], grid, [torch.from_numpy(one.boxes).to(self.device) for one in batch]


def _as_recipe(config: Union[ConfigLike, Dict[str, Any]], options: Optional[Dict[str, Any]]) -> Dict[str, Any]:
    if isinstance(config, dict):
        config = Config(dict(model=dict(backbone=config)) if 'model' not in config else config)
    return open_config(config, options).to_dict()


def _vit_config(recipe: Dict[str, Any]) -> Optional[Dict[str, Any]]:
    """The dict of the RICEViT of a config, that inside a FrozenBackbone included."""
    backbone = (recipe.get('model') or {}).get('backbone')
    while backbone and 'backbone' in backbone:
        backbone = backbone['backbone']
    if backbone and not str(backbone.get('type')).endswith('RICEViT'):
        raise UserError(f'the backbone of the config is a {backbone.get("type")}, expected mmrice.RICEViT.')
    return backbone


def _preprocess(recipe: Dict[str, Any]) -> Dict[str, Any]:
    """Mean, deviation and order of the channels that a config says."""
    stated = {**(recipe.get('data_preprocessor') or {}),
              **((recipe.get('model') or {}).get('data_preprocessor') or {})}
    if stated.get('mean') is None or stated.get('std') is None:
        return {}
    turned = stated.get('bgr_to_rgb') or stated.get('to_rgb')
    return dict(mean=stated['mean'], std=stated['std'], order='RGB' if turned else 'BGR')


def _plain_neck(backbone: nn.Module) -> RegionTransformer:
    """The authors' pooling without the projection, for backbones without a neck."""
    neck = RegionTransformer(backbone.embed_dims, backbone.embed_dims, backbone.num_heads, backbone.patch_size)
    neck.proj = nn.Identity()
    return neck

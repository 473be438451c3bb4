"""Feature maps of a backbone with pretrained or random weights."""
from pathlib import Path
from typing import List, Optional, Sequence

import numpy as np
import torch
from PIL import Image
from torch import nn

from mmrice.engine.checkpoint_io import read_checkpoint
from mmrice.engine.load_report import find_state_dict
from mmrice.registry import MODELS


def patch_features(model: dict, weights: Optional[Path], images: Sequence[np.ndarray], side: int,
                   mean: Sequence[float], std: Sequence[float]) -> List[np.ndarray]:
    """Patch features of images by a backbone.

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
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        backbone = MODELS.build({**model, 'out_type': 'featmap', 'init_cfg': None}).eval()
    if weights is not None:
        state = find_state_dict(read_checkpoint(weights))
        backbone.load_state_dict({key.removeprefix('backbone.'): value for key, value in state.items()
                                  if key.startswith('backbone.')})
    return [_feature_map(backbone, image, side, mean, std) for image in images]


@torch.no_grad()
def _feature_map(backbone: nn.Module, image: np.ndarray, side: int, mean: Sequence[float],
                 std: Sequence[float]) -> np.ndarray:
    pixels = np.asarray(Image.fromarray(image).resize((side, side), Image.BICUBIC), dtype=np.float32)
    normalised = torch.from_numpy((pixels - np.asarray(mean, np.float32)) / np.asarray(std, np.float32))
    return backbone(normalised.permute(2, 0, 1)[None])[-1][0].numpy()

"""A region-text encoder of a few thousand parameters: configs of its parts, and a checkpoint as CLOC writes it."""
from copy import deepcopy
from pathlib import Path
from typing import Any, Dict

import torch

ARCH = dict(embed_dims=32, num_layers=1, num_heads=2, feedforward_channels=32)
DIMS = 16
PARTS: Dict[str, Dict[str, Any]] = dict(
    backbone=dict(type='mmrice.RICEViT', arch=ARCH, patch_size=8, out_type='raw'),
    neck=dict(type='mmrice.RegionTransformer', in_channels=32, out_channels=DIMS, num_heads=2, patch_size=8),
    image_neck=dict(type='mmpretrain.LinearNeck', in_channels=32, out_channels=DIMS, norm_cfg=None),
    text_encoder=dict(type='mmrice.TextTransformer', arch=ARCH, num_tokens=24, out_dims=DIMS))


def parts(*names: str) -> Dict[str, Dict[str, Any]]:
    """Configs of some parts, to be changed at will; without names, of all.

    Args:
        *names: Of 'backbone', 'neck', 'image_neck' and 'text_encoder'.
    """
    return deepcopy({name: PARTS[name] for name in names or PARTS})


def write_checkpoint(path: Path, seed: int = 0, **changed: Dict[str, Any]) -> str:
    """Write random weights of all parts, with a head that no evaluation has, and return the path.

    Args:
        path: A .pth file.
        seed: Of the weights.
        **changed: Configs of parts that differ from ``PARTS``.
    """
    from mmrice.registry import MODELS
    torch.manual_seed(seed)
    modules = {name: MODELS.build(config) for name, config in {**parts(), **changed}.items()}
    state = {f'{name}.{key}': value for name, module in modules.items() for key, value in module.state_dict().items()}
    torch.save(dict(state_dict={**state, 'head.temperature': torch.zeros(())}, meta={}), path)
    return str(path)

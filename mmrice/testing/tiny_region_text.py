"""Configs of the parts of a small region-text encoder."""
from copy import deepcopy
from typing import Any, Dict

ARCH = dict(embed_dims=32, num_layers=1, num_heads=2, feedforward_channels=32)
DIMS = 16
PARTS: Dict[str, Dict[str, Any]] = dict(
    backbone=dict(type='mmrice.RICEViT', arch=ARCH, patch_size=8, out_type='raw'),
    neck=dict(type='mmrice.RegionTransformer', in_channels=32, out_channels=DIMS, num_heads=2, patch_size=8),
    image_neck=dict(type='LinearNeck', in_channels=32, out_channels=DIMS, norm_cfg=None),
    text_encoder=dict(type='mmrice.TextTransformer', arch=ARCH, num_tokens=24, out_dims=DIMS))


def parts(*names: str) -> Dict[str, Dict[str, Any]]:
    """Configs of some parts, to be changed at will; without names, of all.

    Args:
        *names: Of 'backbone', 'neck', 'image_neck' and 'text_encoder'.
    """
    return deepcopy({name: PARTS[name] for name in names or PARTS})

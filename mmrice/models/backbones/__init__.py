"""Backbones."""
from .frozen import FrozenBackbone
from .rice_vit import RICEViT

__all__ = ['FrozenBackbone', 'RICEViT']

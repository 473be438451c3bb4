"""Backbones."""
from .rice_vit import RICEViT

__all__ = ['RICEViT']

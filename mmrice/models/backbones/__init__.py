"""Backbones."""
from .frozen import FrozenBackbone
from .hugging_face_vit import HuggingFaceViT
from .rice_vit import RICEViT

__all__ = ['FrozenBackbone', 'HuggingFaceViT', 'RICEViT']

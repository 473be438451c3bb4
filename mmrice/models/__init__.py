"""Models. Those that need a host library are imported on demand, see :mod:`mmrice.registry`."""
from .backbones import FrozenBackbone, HuggingFaceViT, RICEViT
from .heads import ClassCenters, ClusterDiscriminationHead, RegionTextHead, TagHead
from .necks import (
    MaskPooling,
    PoolFeaturePyramid,
    Prompter,
    RegionTransformer,
    RoIAlignPooling,
    SimpleFeaturePyramid,
)
from .peft import AdaptedBackbone, BottleneckAdapter, ConvAdapter, LoRA, PromptTokens
from .text import HuggingFaceText, TextTransformer

__all__ = [
    'AdaptedBackbone', 'BottleneckAdapter', 'ClassCenters', 'ClusterDiscriminationHead', 'ConvAdapter',
    'FrozenBackbone', 'HuggingFaceText', 'HuggingFaceViT', 'LoRA', 'MaskPooling', 'PoolFeaturePyramid',
    'PromptTokens', 'Prompter', 'RICEViT', 'RegionTextHead', 'RegionTransformer', 'RoIAlignPooling',
    'SimpleFeaturePyramid', 'TagHead', 'TextTransformer'
]

"""Models. Those that need a host library are imported on demand, see :mod:`mmrice.registry`."""
from .backbones import FrozenBackbone, HuggingFaceViT, RICEViT
from .heads import ClassCenters, ClusterDiscriminationHead, RegionTextHead
from .necks import PoolFeaturePyramid, Prompter, RegionTransformer, RoIAlignPooling, SimpleFeaturePyramid
from .text import HuggingFaceText, TextTransformer

__all__ = [
    'ClassCenters', 'ClusterDiscriminationHead', 'FrozenBackbone', 'HuggingFaceText', 'HuggingFaceViT',
    'PoolFeaturePyramid', 'Prompter', 'RICEViT', 'RegionTextHead', 'RegionTransformer', 'RoIAlignPooling',
    'SimpleFeaturePyramid', 'TextTransformer'
]

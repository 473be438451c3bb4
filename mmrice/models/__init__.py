"""Models. Those that need a host library are imported on demand, see :mod:`mmrice.registry`."""
from .backbones import FrozenBackbone, HuggingFaceViT, RICEViT
from .heads import ClassCenters, ClusterDiscriminationHead
from .necks import PoolFeaturePyramid, RegionTransformer, SimpleFeaturePyramid
from .text import TextTransformer

__all__ = [
    'ClassCenters', 'ClusterDiscriminationHead', 'FrozenBackbone', 'HuggingFaceViT', 'PoolFeaturePyramid',
    'RICEViT', 'RegionTransformer', 'SimpleFeaturePyramid', 'TextTransformer'
]

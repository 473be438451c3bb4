"""Models. Those that need a host library are imported on demand, see :mod:`mmrice.registry`."""
from .backbones import RICEViT
from .heads import ClassCenters, ClusterDiscriminationHead
from .necks import RegionTransformer, SimpleFeaturePyramid

__all__ = ['ClassCenters', 'ClusterDiscriminationHead', 'RICEViT', 'RegionTransformer', 'SimpleFeaturePyramid']

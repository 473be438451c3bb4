"""Necks: region embeddings for pretraining, feature pyramids for transfer."""
from .region_transformer import RegionTransformer
from .simple_feature_pyramid import PoolFeaturePyramid, SimpleFeaturePyramid

__all__ = ['PoolFeaturePyramid', 'RegionTransformer', 'SimpleFeaturePyramid']

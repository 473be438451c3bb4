"""Necks: region embeddings for pretraining, feature pyramids for transfer."""
from .region_transformer import RegionTransformer
from .simple_feature_pyramid import SimpleFeaturePyramid

__all__ = ['RegionTransformer', 'SimpleFeaturePyramid']

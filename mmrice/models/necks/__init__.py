"""Necks: region embeddings for pretraining, feature pyramids for transfer."""
from .prompter import Prompter
from .region_transformer import RegionTransformer
from .roi_align_pooling import RoIAlignPooling
from .simple_feature_pyramid import PoolFeaturePyramid, SimpleFeaturePyramid

__all__ = ['PoolFeaturePyramid', 'Prompter', 'RegionTransformer', 'RoIAlignPooling', 'SimpleFeaturePyramid']

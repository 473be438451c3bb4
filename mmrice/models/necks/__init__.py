"""Necks: region and image embeddings, feature pyramids for transfer."""
from .clip_projection import ClipProjection
from .mask_pooling import MaskPooling
from .prompter import Prompter
from .region_transformer import RegionTransformer
from .roi_align_pooling import RoIAlignPooling
from .simple_feature_pyramid import PoolFeaturePyramid, SimpleFeaturePyramid

__all__ = [
    'ClipProjection', 'MaskPooling', 'PoolFeaturePyramid', 'Prompter', 'RegionTransformer', 'RoIAlignPooling',
    'SimpleFeaturePyramid'
]

"""Transforms of images with regions."""
from .formatting import PackRegionInputs
from .loading import LoadImageFromShard
from .regions import RandomRegionFlip, RandomResizedRegionCrop, SampleRegions, select_regions

__all__ = [
    'LoadImageFromShard', 'PackRegionInputs', 'RandomRegionFlip', 'RandomResizedRegionCrop', 'SampleRegions',
    'select_regions'
]

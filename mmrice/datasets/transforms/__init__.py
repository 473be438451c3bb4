"""Transforms of images with regions."""
from .boxes_of_masks import BoxesOfMasks
from .crop_to_box import CropToBox
from .expressions import SampleExpressions
from .formatting import PackRegionInputs
from .letterbox import Letterbox
from .loading import LoadImageFromShard
from .masks import PatchMasks
from .regions import RandomRegionFlip, SampleRegions
from .resizing import RandomResizedRegionCrop, RegionLetterbox, RegionResize
from .select import select_regions, skip_sample
from .texts import SampleRegionTexts, TokenizeTexts

__all__ = [
    'BoxesOfMasks', 'CropToBox', 'Letterbox', 'LoadImageFromShard', 'PackRegionInputs', 'PatchMasks',
    'RandomRegionFlip', 'RandomResizedRegionCrop', 'RegionLetterbox', 'RegionResize', 'SampleExpressions',
    'SampleRegionTexts', 'SampleRegions', 'TokenizeTexts', 'select_regions', 'skip_sample'
]

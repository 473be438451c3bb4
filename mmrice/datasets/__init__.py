"""Datasets, samplers and transforms. None needs a host library; :mod:`.region_shard_dataset` needs pyarrow."""
from .collate import region_collate
from .mixed_sampler import MixedSampler
from .transforms import (
    LoadImageFromShard,
    PackRegionInputs,
    RandomRegionFlip,
    RandomResizedRegionCrop,
    RegionLetterbox,
    RegionResize,
    SampleRegions,
)

__all__ = [
    'LoadImageFromShard', 'MixedSampler', 'PackRegionInputs', 'RandomRegionFlip', 'RandomResizedRegionCrop',
    'RegionLetterbox', 'RegionResize', 'SampleRegions', 'region_collate'
]

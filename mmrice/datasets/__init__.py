"""Datasets and transforms. None needs a host library; :mod:`.region_shard_dataset` needs pyarrow."""
from .transforms import LoadImageFromShard, PackRegionInputs, RandomRegionFlip, RandomResizedRegionCrop, SampleRegions

__all__ = [
    'LoadImageFromShard', 'PackRegionInputs', 'RandomRegionFlip', 'RandomResizedRegionCrop', 'SampleRegions'
]

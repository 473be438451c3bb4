"""Datasets, samplers and transforms. None needs a host library; :mod:`.region_shard_dataset` needs pyarrow."""
from .mixed_sampler import MixedSampler
from .transforms import LoadImageFromShard, PackRegionInputs, RandomRegionFlip, RandomResizedRegionCrop, SampleRegions

__all__ = [
    'LoadImageFromShard', 'MixedSampler', 'PackRegionInputs', 'RandomRegionFlip', 'RandomResizedRegionCrop',
    'SampleRegions'
]

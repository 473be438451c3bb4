"""Datasets, samplers and transforms. None needs a host library; :mod:`.region_shard_dataset` needs pyarrow.

Each is imported when it is asked for: workers of the data engine write and read shards without torch, whose import
takes most of the time that they need to start.
"""
from importlib import import_module
from typing import Any

_MODULES = {
    'LoadImageFromShard': 'transforms',
    'MixedSampler': 'mixed_sampler',
    'PackRegionInputs': 'transforms',
    'RandomRegionFlip': 'transforms',
    'RandomResizedRegionCrop': 'transforms',
    'RegionLetterbox': 'transforms',
    'RegionResize': 'transforms',
    'SampleRegions': 'transforms',
    'region_collate': 'collate',
}
__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'.{_MODULES[name]}', __name__), name)

"""Inferencers: images in, plain dicts, pictures and region features out.

Each is imported when it is asked for, and its host library with it.
"""
from importlib import import_module
from typing import Any

_MODULES = {
    'ClassificationInferencer': 'classification',
    'DetectionInferencer': 'detection',
    'PanopticInferencer': 'detection',
    'RegionFeatureExtractor': 'regions',
    'RegionFeatures': 'regions',
    'SegmentationInferencer': 'segmentation',
    'decode_mask': 'records',
    'infer': 'running',
    'make_inferencer': 'making',
}
__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'.{_MODULES[name]}', __name__), name)

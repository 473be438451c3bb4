"""What the command-line tools are made of, and the inferencers; importing it imports no host library."""
from importlib import import_module
from typing import Any

_INFERENCE = ('ClassificationInferencer', 'DetectionInferencer', 'PanopticInferencer', 'RegionFeatureExtractor',
              'SegmentationInferencer', 'make_inferencer')
__all__ = list(_INFERENCE)


def __getattr__(name: str) -> Any:
    if name not in _INFERENCE:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module('.inference', __name__), name)

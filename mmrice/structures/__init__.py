"""Data structures passed between pipeline, model and hooks."""
from .region_data_sample import KINDS, RegionDataSample

__all__ = ['KINDS', 'RegionDataSample']

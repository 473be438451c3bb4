"""Data structures passed between pipeline, model and hooks."""
from .region_data_sample import RegionDataSample

__all__ = ['RegionDataSample']

"""Metrics. Those that need a host library are imported on demand, see :mod:`mmrice.registry`."""
from .region_recognition import RegionRecognition

__all__ = ['RegionRecognition']

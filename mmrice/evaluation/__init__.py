"""Metrics. Those that need a host library are imported on demand, see :mod:`mmrice.registry`."""
from .box_accuracy import BoxAccuracy
from .neighbour_purity import NeighbourPurity
from .region_recognition import RegionRecognition
from .text_retrieval import ImageTextRetrieval, RegionTextRetrieval

__all__ = ['BoxAccuracy', 'ImageTextRetrieval', 'NeighbourPurity', 'RegionRecognition', 'RegionTextRetrieval']

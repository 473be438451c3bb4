"""Pretraining heads."""
from .class_centers import ClassCenters, Similarities
from .cluster_discrimination_head import ClusterDiscriminationHead
from .region_text_head import Paired, RegionTextHead

__all__ = ['ClassCenters', 'ClusterDiscriminationHead', 'Paired', 'RegionTextHead', 'Similarities']

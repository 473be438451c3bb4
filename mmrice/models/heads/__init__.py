"""Pretraining heads."""
from .class_centers import ClassCenters, Similarities
from .cluster_discrimination_head import ClusterDiscriminationHead
from .region_text_head import Paired, RegionTextHead
from .tag_head import TagHead

__all__ = ['ClassCenters', 'ClusterDiscriminationHead', 'Paired', 'RegionTextHead', 'Similarities', 'TagHead']

"""Pretraining heads."""
from .class_centers import ClassCenters, Similarities
from .cluster_discrimination_head import ClusterDiscriminationHead

__all__ = ['ClassCenters', 'ClusterDiscriminationHead', 'Similarities']

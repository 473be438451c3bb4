"""Pretraining heads."""
from .class_centers import ClassCenters, Similarities
from .cluster_discrimination_head import KINDS, ClusterDiscriminationHead

__all__ = ['KINDS', 'ClassCenters', 'ClusterDiscriminationHead', 'Similarities']

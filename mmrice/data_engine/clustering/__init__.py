"""Cluster: embeddings -> class centres, and embeddings -> nearest centres. One file for each idea."""
from .clusters import Clusters
from .flat import FaissKMeans
from .hierarchical import HierarchicalKMeans

__all__ = ['Clusters', 'FaissKMeans', 'HierarchicalKMeans']

"""Cluster: embeddings -> class centres, and embeddings -> nearest centre."""
import importlib.util
from typing import Any, Dict, NamedTuple, Optional, Tuple

import numpy as np

from mmrice.compat import install_hint
from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from .parts import build_part
from .whitening import project


class Clusters(NamedTuple):
    """Centres, shape (K, D), float32, rows of length one; how to project an embedding into their space (None: as it
    is); and a report on the fit."""
    centers: np.ndarray
    projection: Optional[Dict[str, np.ndarray]]
    report: Dict[str, Any]


def size_report(counts_K: np.ndarray) -> Dict[str, Any]:
    """How evenly clusters are filled: quantiles of their sizes, empty ones, effective number ``exp(entropy)``."""
    share = counts_K[counts_K > 0] / max(counts_K.sum(), 1)
    names = ('min', 'q10', 'median', 'q90', 'max')
    quantiles = np.quantile(counts_K, (0, 0.1, 0.5, 0.9, 1)) if len(counts_K) else np.zeros(5)
    return {'sizes': {name: float(value) for name, value in zip(names, quantiles)},
            'empty': int((counts_K == 0).sum()),
            'effective_clusters': round(float(np.exp(-(share * np.log(share)).sum())), 2)}


@ENGINE_STAGES.register_module()
class FaissKMeans:
    """Flat spherical k-means of faiss. Equal data, seed and threads give equal centres.

    Empty clusters are repaired by faiss, which splits a large one; the report says how often.

    Args:
        num_clusters: K (the paper: one million, hierarchical).
        iterations: Of Lloyd's algorithm.
        redo: Runs from different starts, of which the best is kept.
        max_points_per_centroid: The fit sees a random sample of at most this many regions a centre.
        projection: Fitted to the sample first, e.g. ``dict(type='mmrice.PCAWhitening', dim=64)``; None for none.
        seed: Of the sample and the starts.
        num_threads: 0 takes all cores.
    """
    version = 1

    def __init__(self, num_clusters: int, iterations: int = 20, redo: int = 1, max_points_per_centroid: int = 256,
                 projection: Optional[dict] = None, seed: int = 0, num_threads: int = 0) -> None:
        if importlib.util.find_spec('faiss') is None:
            raise UserError(f'engine.cluster needs faiss, which is not installed. {install_hint("faiss")}')
        if num_clusters < 1:
            raise UserError(f'engine.cluster.num_clusters is {num_clusters}, expected 1 or more.')
        self.num_clusters, self.iterations, self.redo = num_clusters, iterations, redo
        self.max_points_per_centroid, self.seed, self.num_threads = max_points_per_centroid, seed, num_threads
        self.projection = None if projection is None else build_part(projection, 'cluster.projection')

    @property
    def max_points(self) -> int:
        """Regions that the fit looks at, at most."""
        return self.num_clusters * self.max_points_per_centroid

    def fit(self, features_ND: np.ndarray) -> Clusters:
        """Find the centres.

        Args:
            features_ND: float16 or float32, rows of length one.

        Raises:
            UserError: There are fewer regions than clusters.
        """
        import faiss
        features = np.ascontiguousarray(features_ND, np.float32)
        if len(features) < self.num_clusters:
            raise UserError(f'{len(features)} regions cannot fill {self.num_clusters} clusters. Lower '
                            'engine.cluster.num_clusters, or take more images or more regions an image.')
        fitted = None
        if self.projection is not None:
            fitted = self.projection.fit(features)
            features = project(features, **fitted)
        if self.num_threads:
            faiss.omp_set_num_threads(self.num_threads)
        kmeans = faiss.Kmeans(features.shape[1], self.num_clusters, niter=self.iterations, nredo=self.redo,
                              seed=self.seed, spherical=True, min_points_per_centroid=1,
                              max_points_per_centroid=self.max_points_per_centroid)
        kmeans.train(features)
        centers = np.ascontiguousarray(kmeans.centroids, np.float32)
        labels, similarity = nearest(features, centers)
        counts = np.bincount(labels, minlength=self.num_clusters)
        report = {'num_clusters': self.num_clusters, 'regions_seen': len(features),
                  'mean_cosine': round(float(similarity.mean()), 4),
                  'inertia': round(float((2 - 2 * similarity).mean()), 4),
                  'splits_of_empty_clusters': int(sum(step['nsplit'] for step in kmeans.iteration_stats)),
                  **size_report(counts)}
        return Clusters(centers, fitted, report)

    def assign(self, features_ND: np.ndarray, clusters: Clusters, top_k: Optional[int] = None) -> np.ndarray:
        """Nearest centre of each embedding (cosine, which for unit vectors is the paper's L2), shape (N,), int64.

        Args:
            features_ND: float16 or float32, rows of length one.
            clusters: From :meth:`fit`.
            top_k: Give the k nearest, shape (N, k), the nearest one first (MLCD). Defaults to None.

        Raises:
            UserError: There are fewer than k centres.
        """
        if top_k is not None and top_k > len(clusters.centers):
            raise UserError(f'engine.label.top_k is {top_k}, but there are {len(clusters.centers)} clusters.')
        features = np.ascontiguousarray(features_ND, np.float32)
        if clusters.projection is not None:
            features = project(features, **clusters.projection)
        labels = nearest_k(features, clusters.centers, top_k or 1)[0]
        return labels[:, 0] if top_k is None else labels


def nearest(features_ND: np.ndarray, centers_KD: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Index and cosine of the nearest centre of each row, shapes (N,), int64 and float32."""
    labels, similarity = nearest_k(features_ND, centers_KD, 1)
    return labels[:, 0], similarity[:, 0]


def nearest_k(features_ND: np.ndarray, centers_KD: np.ndarray, k: int) -> Tuple[np.ndarray, np.ndarray]:
    """Indices and cosines of the k nearest centres of each row, the nearest first, shapes (N, k), int64 and float32."""
    import faiss
    similarity, labels = faiss.knn(features_ND, centers_KD, k, metric=faiss.METRIC_INNER_PRODUCT)
    return labels, similarity

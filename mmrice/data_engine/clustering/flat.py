"""Flat k-means: every region is compared with every centre."""
from typing import Any, Dict, Tuple

import numpy as np

from mmrice.registry import ENGINE_STAGES

from .base import SphericalKMeans
from .lloyd import Solution, Tick, spherical_kmeans

CELL_ITERATIONS = 10


@ENGINE_STAGES.register_module()
class FaissKMeans(SphericalKMeans):
    """Flat spherical k-means with the search of faiss. Equal data and seed give equal centres.

    After the fit no cluster of the sample is empty. Time is N K D 2 FLOPs an iteration: for K centres with p regions
    each it grows as p K^2. Memory: the sample in float16, N D 2 bytes, once more with a projection (its dims); its
    labels and cosines, some 16 N bytes; centres, K D 4 bytes, three times.

    See :class:`SphericalKMeans` for the arguments.

    Example:
        >>> FaissKMeans(num_clusters=128, projection=dict(type='mmrice.PCAWhitening', dim=64)).fit(features).centers
    """

    def find(self, rows_ND: np.ndarray, threads: int, tick: Tick) -> Tuple[Solution, np.ndarray, Dict[str, Any]]:
        """See :meth:`SphericalKMeans.find`; about sqrt(K) cells are found by clustering the centres."""
        found = spherical_kmeans(rows_ND, self.num_clusters, self.iterations, [self.seed], self.redo, tick)
        count = max(1, round(len(found.centers)**0.5))
        cells = spherical_kmeans(found.centers, count, CELL_ITERATIONS, [self.seed, 1])
        return found, cells.centers, {}

"""What flat and hierarchical k-means have in common."""
import importlib.util
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Optional, Tuple, Union

import numpy as np

from mmrice.compat import install_hint
from mmrice.utils import UserError

from ..parts import build_part
from ..progress import Progress
from .clusters import Clusters
from .lloyd import Solution, Tick
from .report import quality_report
from .rows import projected
from .search import cells_to_search


@contextmanager
def threads_of_faiss(number: int) -> Iterator[int]:
    """faiss uses so many threads in the block; 0 leaves it as it is. Yields their number."""
    import faiss
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(number or before)
    try:
        yield number or before
    finally:
        faiss.omp_set_num_threads(before)


class SphericalKMeans:
    """Base of the clusterers: checks, projection, report and labels. A subclass finds the centres.

    Args:
        num_clusters: K (the paper: one million).
        iterations: Of Lloyd's algorithm, at most.
        redo: Runs from different starts, of which the best is kept.
        max_points_per_centroid: The fit sees a random sample of at most this many regions a centre.
        projection: Fitted to the sample first, e.g. ``dict(type='mmrice.PCAWhitening', dim=64)``; None for none.
        seed: Of the sample and the starts.
        num_threads: 0 takes all cores.
        max_sample_gib: The sample in memory (regions x dims x 2 bytes) is at most this large; None for no limit.
    """
    version = 2

    def __init__(self, num_clusters: int, iterations: int = 20, redo: int = 1, max_points_per_centroid: int = 256,
                 projection: Optional[dict] = None, seed: int = 0, num_threads: int = 0,
                 max_sample_gib: Optional[float] = None) -> None:
        if importlib.util.find_spec('faiss') is None:
            raise UserError(f'engine.cluster needs faiss, which is not installed. {install_hint("faiss")}')
        least = dict(num_clusters=1, iterations=1, redo=1, max_points_per_centroid=1, seed=0, num_threads=0)
        for name, value in dict(num_clusters=num_clusters, iterations=iterations, redo=redo,
                                max_points_per_centroid=max_points_per_centroid, seed=seed,
                                num_threads=num_threads).items():
            if not isinstance(value, int) or value < least[name]:
                raise UserError(f'engine.cluster.{name} is {value!r}, expected a whole number, {least[name]} or more.')
        if max_sample_gib is not None and max_sample_gib <= 0:
            raise UserError(f'engine.cluster.max_sample_gib is {max_sample_gib}, expected more than 0.')
        self.num_clusters, self.iterations, self.redo = num_clusters, iterations, redo
        self.max_points_per_centroid, self.seed, self.num_threads = max_points_per_centroid, seed, num_threads
        self.max_sample_gib = max_sample_gib
        self.projection = None if projection is None else build_part(projection, 'cluster.projection')

    @property
    def max_points(self) -> int:
        """Regions that the fit looks at, at most."""
        return self.num_clusters * self.max_points_per_centroid

    def passes(self, num_rows: int) -> int:
        """How often a row is looked at in the fit, summed over ``num_rows`` rows, for progress."""
        return num_rows * (self.iterations + 1) * self.redo

    def find(self, rows_ND: np.ndarray, threads: int, tick: Tick) -> Tuple[Solution, np.ndarray, Dict[str, Any]]:
        """Find the centres.

        Args:
            rows_ND: float16 or float32; N >= K.
            threads: How many may be used.
            tick: For progress.

        Returns:
            tuple: The centres, cells for a search that does not look at all of them, and more for the report.
        """
        raise NotImplementedError

    def fit(self, features_ND: np.ndarray) -> Clusters:
        """Find the centres and describe them.

        Args:
            features_ND: float16 or float32, rows of length one.

        Raises:
            UserError: There are fewer regions, or fewer different ones, than clusters.
        """
        if len(features_ND) < self.num_clusters:
            raise UserError(f'{len(features_ND)} regions cannot fill {self.num_clusters} clusters. Lower '
                            'engine.cluster.num_clusters, or take more images or more regions an image.')
        with threads_of_faiss(self.num_threads) as threads:
            fitted = None if self.projection is None else self.projection.fit(features_ND)
            rows = projected(features_ND, fitted)
            progress = Progress('cluster', self.passes(len(rows)), unit='region passes')
            found, cells, more = self.find(rows, threads, progress.update)
            progress.close()
            if len(found.centers) < self.num_clusters:
                raise UserError(f'{len(rows)} regions have no more than {len(found.centers)} different embeddings, '
                                f'which cannot fill {self.num_clusters} clusters. Lower engine.cluster.num_clusters, '
                                'or take images that are not copies of one another.')
            clusters = Clusters(found.centers, fitted, cells=cells)
            clusters.report = {**quality_report(rows, found, clusters), **more}
        return clusters

    def assign(self, features_ND: np.ndarray, clusters: Clusters, top_k: Optional[int] = None,
               how: Union[str, int] = 'exact') -> np.ndarray:
        """Nearest centre of each embedding (cosine, which for unit vectors is the paper's L2), shape (N,), int32.

        Args:
            features_ND: float16 or float32, rows of length one, in memory or memory-mapped.
            clusters: From :meth:`fit`.
            top_k: Give the k nearest, shape (N, k), the nearest one first (MLCD). Defaults to None.
            how: See :func:`.search.cells_to_search`.

        Raises:
            UserError: There are fewer than k centres.
        """
        if top_k is not None and top_k > len(clusters.centers):
            raise UserError(f'engine.label.top_k is {top_k}, but there are {len(clusters.centers)} clusters.')
        labels = clusters.search(cells_to_search(how))(features_ND, top_k or 1, clusters.projection)[0]
        return labels[:, 0] if top_k is None else labels

"""Hierarchical k-means: cells first, then centres inside each cell."""
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import prod
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from .apportion import apportion
from .base import SphericalKMeans
from .lloyd import Solution, Tick, lloyd, spherical_kmeans, without_empty
from .search import Search

EXACT_PAIRS = 200_000_000  # regions x centres up to which the last labels come from all centres
PROBES = 16  # cells looked at beyond that


@ENGINE_STAGES.register_module()
class HierarchicalKMeans(SphericalKMeans):
    """Hierarchical spherical k-means, for hundreds of thousands of centres. Equal data and seed give equal centres,
    whatever the number of threads.

    The first level is fitted to a sample of the sample, then each cell is clustered by itself. A cell gets centres in
    proportion to its regions, so that there are exactly ``num_clusters``. Time is about N D 2 (b_1 + b_2 + ...) FLOPs
    an iteration: with two levels of sqrt(K) and p regions a centre it grows as p K^1.5. Memory is that of
    :class:`FaissKMeans` and, for each thread, one cell.

    At the end labels are found anew among all centres, or, beyond 2e8 pairs, among those of the 16 nearest cells, and
    empty clusters are filled; ``search`` in clusters.json says which.

    Args:
        num_clusters: K.
        branching: Children of a cell, level by level, e.g. ``(1000, 1000)``; their product is K. None takes two levels
            of about sqrt(K).
        final_iterations: Lloyd's algorithm over all centres at the end.
        **kwargs: See :class:`SphericalKMeans`; ``redo`` is of each cell.

    Example:
        >>> HierarchicalKMeans(num_clusters=1_000_000, branching=(1000, 1000), max_points_per_centroid=64)
    """

    def __init__(self, num_clusters: int, branching: Optional[Sequence[int]] = None, final_iterations: int = 0,
                 **kwargs: Any) -> None:
        super().__init__(num_clusters, **kwargs)
        if branching is not None and not (
                isinstance(branching, (list, tuple)) and len(branching) > 1 and
                all(isinstance(value, int) and value > 0 for value in branching) and prod(branching) == num_clusters):
            raise UserError(f'engine.cluster.branching is {branching!r}, expected two whole numbers or more whose '
                            f'product is num_clusters, {num_clusters}. Leave it out for two even levels.')
        if not isinstance(final_iterations, int) or final_iterations < 0:
            raise UserError(f'engine.cluster.final_iterations is {final_iterations!r}, expected 0 or more.')
        cells = [max(1, round(num_clusters**0.5))] if branching is None else np.cumprod(branching)[:-1].tolist()
        self.cells_of_level, self.final_iterations = cells, final_iterations

    def passes(self, num_rows: int) -> int:
        """See :meth:`SphericalKMeans.passes`."""
        total = num_rows * (self.final_iterations + 1)
        for count in [*self.cells_of_level, self.num_clusters]:
            seen = min(num_rows, count * self.max_points_per_centroid)
            total += seen * (self.iterations + 1) * self.redo + (num_rows if seen < num_rows else 0)
        return total

    def find(self, rows_ND: np.ndarray, threads: int, tick: Tick) -> Tuple[Solution, np.ndarray, Dict[str, Any]]:
        """See :meth:`SphericalKMeans.find`; the cells are those of the level with about sqrt(K) of them."""
        order, bounds, levels = np.arange(len(rows_ND)), np.array([0, len(rows_ND)]), []
        for level, total in enumerate([*self.cells_of_level, self.num_clusters]):
            cells = self._level(rows_ND, order, bounds, total, level, threads, tick)
            levels.append(np.concatenate([cell.centers for cell in cells]))
            sizes = []
            for cell, start, end in zip(cells, bounds, bounds[1:]):
                order[start:end] = order[start:end][np.argsort(cell.labels, kind='stable')]
                sizes.append(np.bincount(cell.labels, minlength=len(cell.centers)))
            bounds = np.append(0, np.cumsum(np.concatenate(sizes)))
        cells = min(levels[:-1], key=lambda found: abs(np.log(len(found)**2 / self.num_clusters)))
        exact = len(rows_ND) * self.num_clusters <= EXACT_PAIRS or len(cells) <= PROBES
        searcher = Search if exact else partial(Search, cells_CD=cells, probes=PROBES)
        found = lloyd(rows_ND, levels[-1], self.final_iterations, searcher, tick)
        return found, cells, {'cells_of_level': self.cells_of_level,
                              'search': 'all centers' if exact else f'{PROBES} of {len(cells)} cells'}

    def _level(self, rows_ND: np.ndarray, order: np.ndarray, bounds: np.ndarray, total: int, level: int,
               threads: int, tick: Tick) -> List[Solution]:
        """Split all cells of one level.

        A cell with too few different rows for its share gets fewer children, and the others more.
        """
        import faiss
        sizes = np.diff(bounds)
        most, found = sizes.copy(), {}
        # With several cells each thread of the pool has one at a time, and faiss no others: a cell's result is then the
        # same however many threads there are.
        with ThreadPoolExecutor(threads, initializer=faiss.omp_set_num_threads, initargs=(1, )) as pool:
            while True:
                children = apportion(min(total, most.sum()), sizes, most)
                todo = [cell for cell in range(len(sizes)) if cell not in found or
                        len(found[cell].centers) != children[cell]]
                if not todo:
                    return [found[cell] for cell in range(len(sizes))]
                run = map if len(sizes) == 1 else pool.map
                jobs = ((rows_ND, order[bounds[cell]:bounds[cell + 1]], int(children[cell]), [level, cell], tick)
                        for cell in todo)
                for cell, solution in zip(todo, run(self._cell, jobs)):
                    found[cell] = solution
                    if len(solution.centers) < children[cell]:
                        most[cell] = len(solution.centers)

    def _cell(self, job: Tuple[np.ndarray, np.ndarray, int, List[int], Tick]) -> Solution:
        """Cluster the rows of one cell; where they are many, fit to some and label all."""
        rows_ND, members, children, place, tick = job
        seed, most = [self.seed, 2, *place], children * self.max_points_per_centroid
        rows = rows_ND if len(members) == len(rows_ND) else rows_ND[members]
        if len(rows) <= most:
            return spherical_kmeans(rows, children, self.iterations, seed, self.redo, tick)
        chosen = np.sort(np.random.default_rng([*seed, self.redo]).choice(len(rows), most, replace=False))
        found = spherical_kmeans(rows[chosen], children, self.iterations, seed, self.redo, tick)
        return without_empty(lloyd(rows, found.centers, 0, tick=tick))

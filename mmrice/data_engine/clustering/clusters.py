"""What a fit hands on, and its files."""
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional

import numpy as np

from mmrice.utils import atomic_path

from ..workspace import Workspace
from .search import Search


@dataclass(eq=False)
class Clusters:
    """Class centres and how to find the nearest one.

    Attributes:
        centers: shape (K, D), float32, rows of length one.
        projection: ``mean`` and ``matrix`` that take an embedding into their space; None: it is taken as it is.
        report: On the fit, for people.
        cells: Coarse centres, shape (C, D), float32, for a search that does not look at all centres.
    """
    centers: np.ndarray
    projection: Optional[Dict[str, np.ndarray]] = None
    report: Dict[str, Any] = field(default_factory=dict)
    cells: Optional[np.ndarray] = None
    _searches: Dict[Optional[int], Search] = field(default_factory=dict, repr=False)

    def search(self, probes: Optional[int] = None) -> Search:
        """What finds the nearest centres, built once.

        Args:
            probes: Cells looked at; None looks at all centres.
        """
        if probes not in self._searches:
            self._searches[probes] = Search(self.centers, self.cells, probes)
        return self._searches[probes]


def save_clusters(space: Workspace, clusters: Clusters) -> List[Path]:
    """Write ``centers.npy`` and, where embeddings are projected first, ``projection.npz``; cells go to ``.work``.

    Returns:
        list: What was written.
    """
    arrays = {space.root / 'centers.npy': clusters.centers, _cells(space): clusters.cells}
    projection, written = space.root / 'projection.npz', []
    for path, array in arrays.items():
        path.unlink(missing_ok=True)
        if array is not None:
            with atomic_path(path) as temporary, open(temporary, 'wb') as stream:
                np.save(stream, array)
            written.append(path)
    projection.unlink(missing_ok=True)
    if clusters.projection is not None:
        with atomic_path(projection) as temporary, open(temporary, 'wb') as stream:
            np.savez(stream, **clusters.projection)
        written.append(projection)
    return written


def load_clusters(space: Workspace) -> Clusters:
    """Read what :func:`save_clusters` wrote; centres are memory-mapped, so that the workers of a machine share them."""
    projection = None
    if (space.root / 'projection.npz').is_file():
        with np.load(space.root / 'projection.npz') as arrays:
            projection = dict(arrays)
    cells = np.load(_cells(space)) if _cells(space).is_file() else None
    return Clusters(np.load(space.root / 'centers.npy', mmap_mode='r'), projection, cells=cells)


def _cells(space: Workspace) -> Path:
    return space.work('all', 'cluster', 'cells.npy')

"""Nearest centres: among all of them, or among those of the nearest cells.

All centres cost 2 K D FLOPs a region in one matrix product (K = 1M, D = 128: 0.26 GFLOP). With C cells of which p are
looked at it is 2 D (C + p K / C).
"""
from typing import Optional, Tuple, Union

import numpy as np

from mmrice.utils import UserError

from .rows import Projection, unit_blocks


def nearest_k(features_ND: np.ndarray, centers_KD: np.ndarray, k: int) -> Tuple[np.ndarray, np.ndarray]:
    """Indices and cosines of the k nearest centres of each row, the nearest first, shapes (N, k), int64 and float32."""
    import faiss
    similarity, labels = faiss.knn(features_ND, centers_KD, k, metric=faiss.METRIC_INNER_PRODUCT)
    return labels, similarity


def cells_to_search(assign: Union[str, int]) -> Optional[int]:
    """How many cells an ``engine.label.assign`` looks at; None for all centres.

    Args:
        assign: 'exact', 'hierarchical' (the nearest cell alone), or a number of cells.

    Raises:
        UserError: It is something else.
    """
    if assign == 'exact':
        return None
    if assign == 'hierarchical':
        return 1
    if isinstance(assign, int) and not isinstance(assign, bool) and assign > 0:
        return assign
    raise UserError(f"engine.label.assign is {assign!r}, expected 'exact' (all centres), 'hierarchical' (those of "
                    'the nearest cell) or a number of cells, 1 or more.')


class Search:
    """Find the nearest centres of rows.

    Args:
        centers_KD: float32, rows of length one.
        cells_CD: float32; each centre belongs to its nearest cell. None: all centres are looked at.
        probes: Cells looked at for each row; None, or as many as there are, looks at all centres.
    """

    def __init__(self, centers_KD: np.ndarray, cells_CD: Optional[np.ndarray] = None, probes: Optional[int] = None
                 ) -> None:
        self.centers, self.cells, self.probes = centers_KD, cells_CD, probes
        if cells_CD is None or probes is None or probes >= len(cells_CD):
            self.cells = None
            return
        cell_of_center = Search(self.cells)(centers_KD)[0][:, 0]
        self._members = np.argsort(cell_of_center, kind='stable')
        self._ends = np.cumsum(np.bincount(cell_of_center, minlength=len(cells_CD)))

    def __call__(self, rows_ND: np.ndarray, k: int = 1, projection: Projection = None
                 ) -> Tuple[np.ndarray, np.ndarray]:
        """Search in blocks of rows.

        Args:
            rows_ND: float16 or float32.
            k: Centres for each row, at most K.
            projection: Into the space of the centres.

        Returns:
            tuple: Indices and cosines, the nearest first, shapes (N, k), int32 and float32.
        """
        labels = np.empty((len(rows_ND), k), np.int32)
        similarity = np.empty((len(rows_ND), k), np.float32)
        look = self._in_all if self.cells is None else self._in_cells
        for part, block in unit_blocks(rows_ND, projection):
            labels[part], similarity[part] = look(block, k)
        return labels, similarity

    def _in_all(self, block_ND: np.ndarray, k: int) -> Tuple[np.ndarray, np.ndarray]:
        return nearest_k(block_ND, self.centers, k)

    def _in_cells(self, block_ND: np.ndarray, k: int) -> Tuple[np.ndarray, np.ndarray]:
        # Rows that look at the same cell share a matrix product; faiss.IndexIVFFlat compares them one by one.
        cells = nearest_k(block_ND, self.cells, self.probes)[0].ravel()
        labels = np.full((len(cells), k), -1, np.int64)
        similarity = np.full((len(cells), k), -np.inf, np.float32)
        pairs = np.argsort(cells, kind='stable')  # of a row and a cell
        for of_cell in np.split(pairs, np.flatnonzero(np.diff(cells[pairs])) + 1):
            end = self._ends[cells[of_cell[0]]]
            start = self._ends[cells[of_cell[0]] - 1] if cells[of_cell[0]] else 0
            members, found = self._members[start:end], int(min(k, end - start))
            if found:
                near, similarity[of_cell, :found] = nearest_k(block_ND[of_cell // self.probes], self.centers[members],
                                                              found)
                labels[of_cell, :found] = members[near]
        labels, similarity = (array.reshape(len(block_ND), -1) for array in (labels, similarity))
        best = np.argsort(-similarity, 1, kind='stable')[:, :k]
        labels, similarity = (np.take_along_axis(array, best, 1) for array in (labels, similarity))
        short = (labels < 0).any(1)  # its cells hold fewer than k centres
        if short.any():
            labels[short], similarity[short] = self._in_all(block_ND[short], k)
        return labels, similarity

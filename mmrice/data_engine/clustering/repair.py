"""Empty clusters are filled by splitting those that cost most."""
import numpy as np

from .rows import unit_blocks, unit_rows
from .search import nearest_k

TOLERANCE = 2e-6  # of a cosine in float32: rows that are nearer count as one


def fill_empty(rows_ND: np.ndarray, centers_KD: np.ndarray, labels_N: np.ndarray, similarity_N: np.ndarray) -> int:
    """Move the centres of empty clusters until there are none; changes its arguments in place.

    An empty centre goes to the farthest row of the cluster with the highest sum of ``1 - cosine``, and takes all rows
    that it is nearest to. A centre that sits on a row keeps that row, so there are at most K moves. (faiss splits the
    largest cluster instead, which fails when that is many copies of one row.)

    Args:
        rows_ND: float16 or float32.
        centers_KD: float32.
        labels_N: Nearest centre of each row, int32.
        similarity_N: Its cosine, float32.

    Returns:
        int: How many centres were moved. Clusters are left empty only where there are fewer different rows than
        centres.
    """
    moved, zero = 0, None
    while True:
        counts = np.bincount(labels_N, minlength=len(centers_KD))
        empty = np.flatnonzero(counts == 0)
        if not len(empty):
            return moved
        if zero is None:
            zero = ~rows_ND.any(1)
        donors = _farthest(labels_N, np.where(zero, 1, similarity_N), counts, len(empty))
        if not len(donors):
            return moved
        empty = empty[:len(donors)]
        centers_KD[empty] = unit_rows(rows_ND[donors])
        for part, block in unit_blocks(rows_ND):
            nearer, similarity = nearest_k(block, centers_KD[empty], 1)
            rows = np.flatnonzero(similarity[:, 0] > similarity_N[part])
            labels_N[part][rows] = empty[nearer[rows, 0]]
            similarity_N[part][rows] = similarity[rows, 0]
        moved += len(empty)


def _farthest(labels_N: np.ndarray, similarity_N: np.ndarray, counts_K: np.ndarray, most: int) -> np.ndarray:
    """The farthest row of each of the costliest clusters of two rows or more, the costliest cluster first."""
    distance = 1 - similarity_N
    cost = np.bincount(labels_N, np.where(distance > TOLERANCE, distance, 0), len(counts_K))
    cost[counts_K < 2] = 0
    costliest = np.argsort(-cost, kind='stable')[:most]
    costliest = costliest[cost[costliest] > 0]
    rank = np.full(len(counts_K), -1)
    rank[costliest] = np.arange(len(costliest))
    rows = np.flatnonzero(rank[labels_N] >= 0)
    rows = rows[np.lexsort((similarity_N[rows], rank[labels_N[rows]]))]
    return rows[np.flatnonzero(np.diff(labels_N[rows], prepend=-1))]

"""Spherical k-means (Lloyd's algorithm on the sphere; Dhillon and Modha 2001).

    labels  = argmax_k  x . c_k          (search.py: a matrix product)
    centres = unit(sum of the rows of each cluster)

Rows stay float16 and become float32 in blocks, so N rows take N D 2 bytes, their labels and cosines 8 N more.
"""
from typing import Callable, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .repair import fill_empty
from .rows import BLOCK, unit_rows
from .search import Search

Searcher = Callable[[np.ndarray], Tuple[np.ndarray, np.ndarray]]
Tick = Callable[[int], None]  # told how many rows have been looked at


def _no_tick(_: int) -> None:
    pass


class Solution(NamedTuple):
    """Centres (K, D), float32; nearest centre of each row (N,), int32, and its cosine (N,), float32; how many centres
    were moved because they were empty."""
    centers: np.ndarray
    labels: np.ndarray
    similarity: np.ndarray
    repaired: int


def mean_directions(rows_ND: np.ndarray, labels_N: np.ndarray, centers_KD: np.ndarray) -> np.ndarray:
    """Mean direction of the rows of each cluster, shape (K, D), float32, rows of length one.

    Args:
        rows_ND: float16 or float32.
        labels_N: Cluster of each row.
        centers_KD: Kept where a cluster is empty or its rows cancel out.
    """
    import faiss
    from scipy.sparse import csr_matrix
    sums = np.zeros_like(centers_KD)
    order = np.argsort(labels_N, kind='stable')
    for start in range(0, len(order), BLOCK):
        rows = order[start:start + BLOCK]
        begins = np.flatnonzero(np.diff(labels_N[rows], prepend=-1))
        member = csr_matrix((np.ones(len(rows), np.float32), np.arange(len(rows)), np.append(begins, len(rows))),
                            (len(begins), len(rows)))
        sums[labels_N[rows[begins]]] += member @ unit_rows(rows_ND[rows])
    faiss.normalize_L2(sums)
    return np.where(sums.any(1, keepdims=True), sums, centers_KD)


def lloyd(rows_ND: np.ndarray, centers_KD: np.ndarray, iterations: int,
          searcher: Callable[[np.ndarray], Searcher] = Search, tick: Tick = _no_tick) -> Solution:
    """Improve centres.

    Args:
        rows_ND: float16 or float32.
        centers_KD: Where to start, float32.
        iterations: At most; it ends sooner when no label changes. 0 finds labels and fills empty clusters.
        searcher: Centres -> what finds the nearest ones, e.g. :class:`.search.Search`.
        tick: For progress.

    Returns:
        Solution: No cluster is empty, unless there are fewer different rows than centres.
    """
    centers, before, repaired = np.array(centers_KD, np.float32), None, 0
    for step in range(iterations + 1):
        labels, similarity = (found[:, 0] for found in searcher(centers)(rows_ND))
        repaired += fill_empty(rows_ND, centers, labels, similarity)
        ended = step == iterations or before is not None and np.array_equal(labels, before)
        tick(len(rows_ND) * (iterations + 1 - step if ended else 1))
        if ended:
            break
        centers, before = mean_directions(rows_ND, labels, centers), labels
    return Solution(centers, labels, similarity, repaired)


def spherical_kmeans(rows_ND: np.ndarray, num_clusters: int, iterations: int, seed: Sequence[int],
                     redo: int = 1, tick: Tick = _no_tick) -> Solution:
    """Cluster rows, starting from random ones.

    Args:
        rows_ND: float16 or float32; N >= ``num_clusters``.
        num_clusters: K.
        iterations: See :func:`lloyd`.
        seed: Integers >= 0.
        redo: Starts, of which the one with the highest mean cosine is kept.
        tick: For progress.

    Returns:
        Solution: With fewer centres where there are fewer different rows; no cluster is empty.
    """
    best: Optional[Solution] = None
    usable = np.flatnonzero(rows_ND.any(1))  # a row of zeros has no direction
    usable = usable if len(usable) else np.arange(1)
    for run in range(redo):
        rng = np.random.default_rng([*seed, run])
        starts = np.sort(rng.choice(usable, min(num_clusters, len(usable)), replace=False))
        found = lloyd(rows_ND, unit_rows(rows_ND[starts]), iterations, tick=tick)
        if best is None or found.similarity.mean() > best.similarity.mean():
            best = found
    return without_empty(best)


def without_empty(found: Solution) -> Solution:
    """Leave out the centres of empty clusters."""
    filled = np.bincount(found.labels, minlength=len(found.centers)) > 0
    if filled.all():
        return found
    return found._replace(centers=found.centers[filled], labels=(np.cumsum(filled) - 1).astype(np.int32)[found.labels])

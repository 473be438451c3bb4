"""How good a clustering is, without ground truth (:mod:`.agreement` is with it)."""
from typing import Any, Dict

import numpy as np

from .clusters import Clusters
from .lloyd import Solution
from .search import nearest_k

MOST_CENTERS, MOST_ROWS = 4096, 2048  # looked at where all would cost as much as the fit
PROBES = (1, 4, 16)


def size_report(counts_K: np.ndarray) -> Dict[str, Any]:
    """How evenly clusters are filled: quantiles of their sizes, empty ones, effective number ``exp(entropy)``, and the
    share of the largest."""
    share = counts_K[counts_K > 0] / max(counts_K.sum(), 1)
    names = ('min', 'q10', 'median', 'q90', 'max')
    quantiles = np.quantile(counts_K, (0, 0.1, 0.5, 0.9, 1)) if len(counts_K) else np.zeros(5)
    return {'sizes': {name: float(value) for name, value in zip(names, quantiles)},
            'empty': int((counts_K == 0).sum()),
            'effective_clusters': round(float(np.exp(-(share * np.log(share)).sum())), 2),
            'share_of_largest': round(float(share.max(initial=0)), 4)}


def evenly(total: int, most: int) -> np.ndarray:
    """Indices of at most ``most`` things out of ``total``, evenly spread."""
    return np.unique(np.linspace(0, total - 1, min(total, most)).round().astype(np.int64))


def neighbour_report(centers_KD: np.ndarray) -> Dict[str, float]:
    """Cosine of a centre to the nearest other one: quantiles over 4,096 centres; near 1 are near-duplicates."""
    if len(centers_KD) < 2:
        return {}
    chosen = evenly(len(centers_KD), MOST_CENTERS)
    other = nearest_k(centers_KD[chosen], centers_KD, 2)[1][:, 1]  # the nearest is the centre itself
    return {name: round(float(value), 4) for name, value in
            zip(('median', 'q90', 'q99', 'max'), np.quantile(other, (0.5, 0.9, 0.99, 1)))}


def recall_report(rows_ND: np.ndarray, clusters: Clusters) -> Dict[str, float]:
    """Share of 2,048 rows whose nearest centre a search of 1, 4 and 16 cells finds; number of cells -> share."""
    if clusters.cells is None:
        return {}
    rows = rows_ND[evenly(len(rows_ND), MOST_ROWS)]
    exact = clusters.search()(rows)[0]
    return {str(probes): round(float((clusters.search(probes)(rows)[0] == exact).mean()), 4)
            for probes in PROBES if probes < len(clusters.cells)}


def quality_report(rows_ND: np.ndarray, found: Solution, clusters: Clusters) -> Dict[str, Any]:
    """The numbers of ``clusters.json``.

    Args:
        rows_ND: What the fit saw, projected.
        found: Its result; ``inertia`` is the mean squared distance of rows to their centres, 2 - 2 cosine.
        clusters: The same with cells.
    """
    mean = float(found.similarity.mean(dtype=np.float64))
    return {'num_clusters': len(found.centers), 'regions_seen': len(rows_ND), 'dims': found.centers.shape[1],
            'mean_cosine': round(mean, 4), 'inertia': round(2 - 2 * mean, 4), 'repaired': found.repaired,
            **size_report(np.bincount(found.labels, minlength=len(found.centers))),
            'nearest_other_center': neighbour_report(found.centers),
            'cells': 0 if clusters.cells is None else len(clusters.cells),
            'recall_of_cells': recall_report(rows_ND, clusters)}

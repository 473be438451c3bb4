"""How well a grouping agrees with known classes.

Purity rises with the number of groups whatever they are, and so does the normalised mutual information; the adjusted
one is 0 for groups of these sizes drawn by chance. Compare with :func:`shuffled`.
"""
from typing import Dict, List, Tuple

import numpy as np

SHUFFLES = 10


def contingency(groups_N: np.ndarray, classes_N: np.ndarray) -> np.ndarray:
    """How often each group meets each class, shape (G, C), int64."""
    (_, groups), (_, classes) = (np.unique(values, return_inverse=True) for values in (groups_N, classes_N))
    table = np.zeros((groups.max(initial=-1) + 1, classes.max(initial=-1) + 1), np.int64)
    np.add.at(table, (groups, classes), 1)
    return table


def purity(groups_N: np.ndarray, classes_N: np.ndarray) -> float:
    """Share of things whose class is the commonest of their group, 0..1."""
    return float(contingency(groups_N, classes_N).max(1).sum() / len(groups_N))


def _entropy(counts: np.ndarray) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())


def _information(groups_N: np.ndarray, classes_N: np.ndarray) -> Tuple[float, float]:
    """Mutual information of groups and classes, and the mean of their entropies, in nats."""
    table = contingency(groups_N, classes_N)
    groups, classes, both = _entropy(table.sum(1)), _entropy(table.sum(0)), _entropy(table.ravel())
    return groups + classes - both, (groups + classes) / 2


def nmi(groups_N: np.ndarray, classes_N: np.ndarray) -> float:
    """Mutual information over the mean of the entropies, 0..1; 1 where both put all things together."""
    mutual, mean = _information(groups_N, classes_N)
    return mutual / mean if mean > 1e-12 else 1.0


def shuffled(groups_N: np.ndarray, seed: int = 0) -> List[np.ndarray]:
    """The same groups with things put into them by chance, ten times."""
    rng = np.random.default_rng(seed)
    return [rng.permutation(groups_N) for _ in range(SHUFFLES)]


def adjusted_mutual_information(groups_N: np.ndarray, classes_N: np.ndarray) -> float:
    """(MI - E) / (mean entropy - E), E the mean of ten shuffles: 1 for equal groupings, about 0 for chance."""
    mutual, mean = _information(groups_N, classes_N)
    expected = float(np.mean([_information(groups, classes_N)[0] for groups in shuffled(groups_N, seed=1)]))
    return (mutual - expected) / (mean - expected) if mean - expected > 1e-12 else 1.0


def agreement(groups_N: np.ndarray, classes_N: np.ndarray) -> Dict[str, float]:
    """Purity, nmi and ami, 0..1, and how many groups there are."""
    return {'groups': len(np.unique(groups_N)), 'purity': purity(groups_N, classes_N),
            'nmi': nmi(groups_N, classes_N), 'ami': adjusted_mutual_information(groups_N, classes_N)}


def nearest_elsewhere(features_ND: np.ndarray, images_N: np.ndarray) -> np.ndarray:
    """Nearest row of another image (cosine), shape (N,), int64; -1 where all are of one image.

    Boxes of an image overlap, so that the nearest of all is mostly the same thing once more.

    Args:
        features_ND: Rows of length one.
        images_N: Image of each row.
    """
    import faiss
    features = np.ascontiguousarray(features_ND, np.float32)
    most = min(len(features), int(np.unique(images_N, return_counts=True)[1].max()) + 1)
    found = faiss.knn(features, features, most, metric=faiss.METRIC_INNER_PRODUCT)[1]
    elsewhere = images_N[found] != images_N[:, None]
    first = elsewhere.argmax(1)
    return np.where(elsewhere.any(1), found[np.arange(len(found)), first], -1)


def neighbour_purity(features_ND: np.ndarray, images_N: np.ndarray, classes_N: np.ndarray) -> np.ndarray:
    """Whether the nearest region of another image has the same class, shape (N,), bool."""
    nearest = nearest_elsewhere(features_ND, images_N)
    return (nearest >= 0) & (classes_N[nearest] == classes_N)


def image_neighbour_purity(features_ID: np.ndarray, images_N: np.ndarray, classes_N: np.ndarray) -> np.ndarray:
    """The same for whole images: share of the regions of the nearest other image that have the region's class, (N,).

    Args:
        features_ID: Of whole images, rows of length one.
        images_N: Row of ``features_ID`` of each region.
        classes_N: Class of each region, 0...
    """
    present, rows = np.unique(images_N, return_inverse=True)
    counts = np.zeros((len(present), classes_N.max() + 1))
    np.add.at(counts, (rows, classes_N), 1)
    nearest = nearest_elsewhere(features_ID[present], np.arange(len(present)))[rows]
    share = counts[nearest, classes_N] / counts[nearest].sum(1)
    return np.where(nearest >= 0, share, 0)

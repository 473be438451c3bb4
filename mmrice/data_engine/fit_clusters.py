"""Cluster: the embeddings of all shards -> centres, on a sample of bounded size."""
import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from mmrice.utils import UserError, atomic_write

from .clustering.clusters import save_clusters
from .workspace import Workspace


def draw_sorted(total: int, most: int, rng: np.random.Generator) -> np.ndarray:
    """Choose at most ``most`` out of ``total`` numbers, any subset as likely as another; sorted, int64.

    Memory and time follow the smaller of the chosen and the left out, not ``total`` (there are 2e9 regions).
    """
    if most >= total:
        return np.arange(total)
    if most > total // 2:
        left_out = draw_sorted(total, total - most, rng)
        # The n-th chosen number is n plus the left-out ones before it.
        chosen = np.arange(most)
        return chosen + np.searchsorted(left_out - np.arange(len(left_out)), chosen, side='right')
    chosen = np.unique(rng.integers(0, total, most))
    while len(chosen) < most:
        chosen = np.union1d(chosen, rng.integers(0, total, 2 * (most - len(chosen)) + 16))
    surplus = rng.choice(len(chosen), len(chosen) - most, replace=False)
    return np.delete(chosen, surplus)


def sample_embeddings(paths: Sequence[Path], most: int, seed: int, max_gib: Optional[float] = None) -> np.ndarray:
    """Read a random sample of the rows of several files, or all where there are no more.

    Files are memory-mapped, one at a time, and read in order. Memory: the sample in the dtype of the files, and three
    times 8 bytes a row for the choice.

    Args:
        paths: ``.npy`` files, shapes (R_i, D).
        most: Rows at most.
        seed: Of the choice.
        max_gib: The sample is at most this large; None for no limit.

    Returns:
        np.ndarray: In the order of the files, in their dtype.

    Raises:
        UserError: There is no row at all, or files differ in D.
    """
    shapes = [np.load(path, mmap_mode='r').shape for path in paths]
    ends = np.cumsum([shape[0] for shape in shapes])
    first = next((number for number, shape in enumerate(shapes) if shape[0]), None)
    if first is None:
        raise UserError('no region was proposed in any image: lower engine.propose.min_edge, or take larger images.')
    for path, shape in zip(paths, shapes):
        if shape[0] and shape[1] != shapes[first][1]:
            raise UserError(f'{path}: has {shape[1]} dims, but {paths[first]} has {shapes[first][1]}. Delete .work in '
                            'the output folder and run the build again.')
    dtype = np.load(paths[first], mmap_mode='r').dtype
    if max_gib is not None:
        most = min(most, int(max_gib * 2**30 / (shapes[first][1] * dtype.itemsize)))
    chosen = draw_sorted(int(ends[-1]), most, np.random.default_rng(seed))
    sample = np.empty((len(chosen), shapes[first][1]), dtype)
    bounds = np.append(0, np.searchsorted(chosen, ends))
    for path, shape, end, start, stop in zip(paths, shapes, ends, bounds, bounds[1:]):
        if stop > start:
            sample[start:stop] = np.load(path, mmap_mode='r')[chosen[start:stop] - (end - shape[0])]
    return sample


def fit_clusters(space: Workspace, clusterer: Any, shards: Sequence[str]) -> Tuple[List[Path], Dict[str, int]]:
    """Write ``centers.npy``, ``clusters.json`` and, where embeddings are projected first, ``projection.npz``."""
    paths = [space.work(shard, 'embed', 'npy') for shard in shards]
    clusters = clusterer.fit(sample_embeddings(paths, clusterer.max_points, clusterer.seed,
                                               getattr(clusterer, 'max_sample_gib', None)))
    report = space.root / 'clusters.json'
    with atomic_write(report, encoding='utf-8') as stream:
        stream.write(json.dumps(clusters.report, indent=2, sort_keys=True) + '\n')
    counts = {'clusters': len(clusters.centers), 'regions_seen': clusters.report['regions_seen']}
    return [report, *save_clusters(space, clusters)], counts

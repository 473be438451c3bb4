"""Cluster: the embeddings of all shards -> centres, on a sample of bounded size."""
import json
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from mmrice.utils import UserError, atomic_path, atomic_write

from .workspace import Workspace


def sample_embeddings(paths: Sequence[Path], most: int, seed: int) -> np.ndarray:
    """Read a random sample of the rows of several files, or all where there are no more.

    Args:
        paths: ``.npy`` files, shapes (R_i, D).
        most: Rows at most.
        seed: Of the choice.

    Returns:
        np.ndarray: In the order of the files, in their dtype.

    Raises:
        UserError: There is no row at all.
    """
    files = [np.load(path, mmap_mode='r') for path in paths]
    ends = np.cumsum([len(rows) for rows in files])
    total = int(ends[-1])
    if not total:
        raise UserError('no region was proposed in any image: lower engine.propose.min_edge, or take larger images.')
    chosen = np.arange(total)
    if total > most:
        chosen = np.sort(np.random.default_rng(seed).choice(total, most, replace=False))
    return np.concatenate([rows[chosen[(chosen >= end - len(rows)) & (chosen < end)] - (end - len(rows))]
                           for rows, end in zip(files, ends) if len(rows)])


def fit_clusters(space: Workspace, clusterer: Any, shards: Sequence[str]) -> Tuple[List[Path], Dict[str, int]]:
    """Write ``centers.npy``, ``clusters.json`` and, where embeddings are projected first, ``projection.npz``."""
    paths = [space.work(shard, 'embed', 'npy') for shard in shards]
    clusters = clusterer.fit(sample_embeddings(paths, clusterer.max_points, clusterer.seed))
    centers, report, projection = (space.root / name for name in ('centers.npy', 'clusters.json', 'projection.npz'))
    with atomic_path(centers) as temporary, open(temporary, 'wb') as stream:
        np.save(stream, clusters.centers)
    with atomic_write(report, encoding='utf-8') as stream:
        stream.write(json.dumps(clusters.report, indent=2, sort_keys=True) + '\n')
    outputs = [centers, report]
    projection.unlink(missing_ok=True)
    if clusters.projection is not None:
        with atomic_path(projection) as temporary, open(temporary, 'wb') as stream:
            np.savez(stream, **clusters.projection)
        outputs.append(projection)
    return outputs, {'clusters': len(clusters.centers), 'regions_seen': clusters.report['regions_seen']}

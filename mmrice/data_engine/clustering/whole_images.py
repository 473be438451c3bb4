"""Whole images, embedded and clustered as the regions of a build are: what regions are compared with."""
import tempfile
from math import prod
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np

from ..fit_clusters import sample_embeddings
from ..parts import build_part
from ..progress import Progress
from ..stages.embed import embed_shard
from ..workspace import Workspace, read_json


def embed_whole_images(space: Workspace, shards: List[str], encoder: Dict[str, Any]) -> np.ndarray:
    """Embed every image of a build as one region, shape (I, D), float16, in the order of the shards.

    Args:
        space: Of a finished build.
        shards: Its shards.
        encoder: ``engine.embed`` of its config.
    """
    part, progress = build_part(encoder, 'embed'), Progress('whole images', len(shards), unit='shards')
    with tempfile.TemporaryDirectory() as folder:
        other = Workspace(Path(folder))
        for shard in shards:
            images = read_json(space.work(shard, 'ingest', 'json'))['images']
            boxes = np.array([[0, 0, *image['size']] for image in images], np.float32).reshape(-1, 4)
            other.work(shard).parent.mkdir(exist_ok=True)
            np.savez(other.work(shard, 'propose', 'npz'), counts=np.ones(len(images), np.int64), boxes=boxes,
                     scores=np.ones(len(images), np.float32))
            other.tar(shard).symlink_to(space.tar(shard).resolve())
            embed_shard(part, other, shard, None)
            progress.update(1)
        progress.close()
        paths = [other.work(shard, 'embed', 'npy') for shard in shards]
        return sample_embeddings(paths, most=2**62, seed=0)


def cluster_whole_images(features_ID: np.ndarray, config: Dict[str, Any]) -> Tuple[np.ndarray, int]:
    """Cluster of each image, shape (I,), and how many there are: as many as in the config, or as images.

    Args:
        features_ID: From :func:`embed_whole_images`.
        config: ``engine.cluster`` of the build.
    """
    count = min(config['num_clusters'], len(features_ID))
    config = {**config, 'num_clusters': count}
    if config.get('branching') and prod(config['branching']) != count:
        config.pop('branching')
    if 'dim' in (config.get('projection') or {}):
        config['projection'] = {**config['projection'], 'dim': min(config['projection']['dim'], len(features_ID))}
    clusterer = build_part(config, 'cluster')
    return clusterer.assign(features_ID, clusterer.fit(features_ID)), count

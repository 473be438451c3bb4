"""Embed: boxes of images -> vectors."""
from typing import Any, List

import numpy as np

from mmrice.utils import atomic_path

from ..images import decode_jpeg
from ..workspace import Workspace, read_tar
from .job import Done


def embed_shard(encoder: Any, space: Workspace, shard: str, _: None) -> Done:
    """Write ``embed.npy``: one float16 row of length one for each proposed region."""
    boxes = _boxes_of_images(space, shard)
    rows = [encoder(decode_jpeg(jpeg), image_boxes)
            for image_boxes, (_, jpeg) in zip(boxes, read_tar(space.tar(shard))) if len(image_boxes)]
    output = space.work(shard, 'embed', 'npy')
    with atomic_path(output) as temporary, open(temporary, 'wb') as stream:
        np.save(stream, np.concatenate(rows) if rows else np.zeros((0, 0), np.float16))
    return [output], {'regions': sum(map(len, rows))}


def _boxes_of_images(space: Workspace, shard: str) -> List[np.ndarray]:
    with np.load(space.work(shard, 'propose', 'npz')) as proposals:
        return np.split(proposals['boxes'], np.cumsum(proposals['counts'])[:-1])

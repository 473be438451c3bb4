"""Propose: images -> boxes."""
from typing import Any

import numpy as np

from mmrice.utils import atomic_path

from ..images import decode_jpeg
from ..workspace import Workspace, read_json, read_tar
from .job import Done


def propose_shard(proposer: Any, space: Workspace, shard: str, _: None) -> Done:
    """Write ``propose.npz``: how many regions each image has, and all boxes and scores in the order of the tar."""
    if hasattr(proposer, 'work_in'):
        proposer.work_in(space.root / '.work')
    records = {record['key']: record for record in read_json(space.work(shard, 'ingest', 'json'))['images']}
    found = [proposer(decode_jpeg(jpeg), records[key]) for key, jpeg in read_tar(space.tar(shard))]
    boxes = np.concatenate([np.zeros((0, 4), np.float32), *(one.boxes for one in found)])
    scores = np.concatenate([np.zeros(0, np.float32), *(one.scores for one in found)])
    output = space.work(shard, 'propose', 'npz')
    with atomic_path(output) as temporary, open(temporary, 'wb') as stream:
        np.savez(stream, counts=np.array([len(one.boxes) for one in found], np.int64), boxes=boxes, scores=scores)
    return [output], {'regions': len(boxes), 'invalid_boxes': sum(one.invalid for one in found)}

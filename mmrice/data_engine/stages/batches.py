"""Images of a shard in batches; the next batch is decoded while a model runs."""
from itertools import islice
from typing import Any, Dict, Iterator, List, Tuple

import numpy as np

from ..images import decode_jpeg
from ..workspace import Workspace, read_json, read_tar
from .embed import one_ahead


def image_batches(space: Workspace, shard: str,
                  size: int) -> Iterator[Tuple[int, List[np.ndarray], List[Dict[str, Any]]]]:
    """Yield number of the first image, images, and what ingest noted about them; in the order of the tar."""
    records = {record['key']: record for record in read_json(space.work(shard, 'ingest', 'json'))['images']}
    members = read_tar(space.tar(shard))

    def batches() -> Iterator[Tuple[int, List[np.ndarray], List[Dict[str, Any]]]]:
        start = 0
        while batch := list(islice(members, size)):
            yield start, [decode_jpeg(jpeg) for _, jpeg in batch], [records[key] for key, _ in batch]
            start += len(batch)

    return one_ahead(batches())

"""Scan: source images -> hashes of their bytes, for finding duplicates. A part of ingest."""
from typing import Any

import numpy as np

from mmrice.utils import atomic_path

from ..duplicates import hash_table
from ..plan import read_entries
from ..workspace import Workspace
from .job import Done


def scan_shard(source: Any, space: Workspace, shard: str, _: None) -> Done:
    """Write ``scan.npy``: the hashes of all images of the shard."""
    table = hash_table(source.read(read_entries(space, shard)))
    output = space.work(shard, 'scan', 'npy')
    with atomic_path(output) as temporary, open(temporary, 'wb') as stream:
        np.save(stream, table)
    return [output], {'images': len(table)}

"""Ingest: source images -> the tar of a shard."""
from typing import Any, List

from ..workspace import Workspace, write_json, write_tar
from .job import Done


def ingest_shard(folders: Any, space: Workspace, shard: str, images: List[dict]) -> Done:
    """Write the tar, and beside it the records and rejects."""
    jpegs, records, rejects = folders.load(images)
    notes = space.work(shard, 'ingest', 'json')
    write_json(notes, {'images': records, 'rejects': rejects})
    write_tar(space.tar(shard), jpegs)
    return [space.tar(shard), notes], {'images': len(jpegs), 'rejects': len(rejects)}

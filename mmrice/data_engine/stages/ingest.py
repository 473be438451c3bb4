"""Ingest: source images -> the tar of a shard."""
from collections import Counter
from typing import Any, Dict, Iterator, List, Tuple

from ..duplicates import read_twins
from ..plan import read_entries
from ..sources import Left
from ..ticks import tick
from ..workspace import Workspace, write_json, write_tar
from .job import Done


def ingest_shard(source: Any, space: Workspace, shard: str, has_twins: bool) -> Done:
    """Write the tar, and beside it the records and rejects. One image is in memory at a time."""
    records: List[Dict[str, Any]] = []
    rejects: List[Dict[str, str]] = []

    def accepted() -> Iterator[Tuple[str, bytes]]:
        for image in source.load(read_entries(space, shard), read_twins(space, shard) if has_twins else {}):
            if isinstance(image, Left):
                rejects.append(image.note)
            else:
                records.append(image.record)
                yield image.record['key'], image.jpeg
            tick()

    write_tar(space.tar(shard), accepted())
    notes = space.work(shard, 'ingest', 'json')
    write_json(notes, {'images': records, 'rejects': rejects})
    kinds = Counter(f'rejects[{reject["kind"]}]' for reject in rejects)
    return [space.tar(shard), notes], {'images': len(records), 'rejects': len(rejects), **dict(sorted(kinds.items()))}

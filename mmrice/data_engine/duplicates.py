"""Files with equal bytes, found over all shards in bounded memory.

Each shard has a table of 128-bit hashes of its files, sorted. The tables are merged range by range of hashes, some
million rows at a time, and of equal ones the first in the order of the plan is kept. What a shard loses is written
beside it, so that a shard is made anew only when that changed.
"""
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryFile
from typing import Dict, Iterable, List, Sequence

import numpy as np

from .images import Reject
from .sources import Found
from .ticks import tick
from .workspace import Workspace, read_json, write_json

STEP_ROWS = 1 << 20  # rows merged at a time, on average: 130 MB with keys of 20 characters


def hash_table(found: Iterable[Found]) -> np.ndarray:
    """Hash the files of a shard.

    Args:
        found: Its images; what has no contents, or empty ones, is like nothing else and gets no row.

    Returns:
        np.ndarray: Rows (high, low: the two halves of the hash; place: number in the shard; key), sorted by these.
    """
    rows = []
    for place, image in enumerate(found):
        tick()
        if image.data and not isinstance(image.data, Reject):
            value = blake2b(image.data, digest_size=16).digest()
            rows.append((int.from_bytes(value[:8], 'big'), int.from_bytes(value[8:], 'big'), place, image.key.encode()))
    width = max((len(row[3]) for row in rows), default=1)
    return np.array(sorted(rows), [('high', '<u8'), ('low', '<u8'), ('place', '<u4'), ('key', f'S{width}')])


def write_twins(space: Workspace, shards: Sequence[str], step_rows: int = STEP_ROWS) -> List[Path]:
    """Write ``000000.twins.json`` for each shard that loses images: {place in the shard: key of the image kept}.

    Args:
        space: Of the build; holds ``000000.scan.npy``, see :func:`hash_table`.
        shards: All, in the order of the plan.
        step_rows: Rows that are in memory at a time, beside what one shard loses.

    Returns:
        list: The files.
    """
    tables = [space.work(shard, 'scan', 'npy') for shard in shards]
    bits = (max(sum(len(_open(table)) for table in tables) - 1, 0) // step_rows).bit_length()
    edges = np.array([_edges(_open(table)['high'], bits) for table in tables])
    steps = [_on_disk(_lost(tables, edges[:, step:step + 2]), space.root / '.work') for step in range(1 << bits)]
    written = []
    for number, shard in enumerate(shards):
        path = space.work(shard, 'twins', 'json')
        lost = [rows[slice(*np.searchsorted(rows['shard'], (number, number + 1)))] for rows in steps]
        twins = {place: kept.decode() for rows in lost for _, place, kept in rows.tolist()}
        if twins:
            write_json(path, twins)
            written.append(path)
        else:
            path.unlink(missing_ok=True)
    return written


def read_twins(space: Workspace, shard: str) -> Dict[int, str]:
    """Read what :func:`write_twins` wrote for a shard."""
    return {int(place): key for place, key in read_json(space.work(shard, 'twins', 'json')).items()}


def _open(table: Path) -> np.ndarray:
    return np.load(table, mmap_mode='r')


def _on_disk(rows: np.ndarray, folder: Path) -> np.ndarray:
    """The same rows out of a file without a name: it is gone when nobody looks at it."""
    if not len(rows):
        return rows
    with TemporaryFile(dir=folder) as stream:
        rows.tofile(stream)
        stream.flush()
        return np.memmap(stream, rows.dtype, 'r')


def _lost(tables: Sequence[Path], ranges: np.ndarray) -> np.ndarray:
    """What is lost of some rows of each table.

    Args:
        tables: Files.
        ranges: First row and end for each table, shape (T, 2). Equal hashes of different tables are all in or all out.

    Returns:
        np.ndarray: Rows (shard: its number; place: number in it; kept: key of the image kept), sorted by these.
    """
    parts, keys = [np.zeros((4, 0), np.uint64)], [np.zeros(0, 'S1')]
    for shard, (path, (start, end)) in enumerate(zip(tables, ranges)):
        if start < end:
            part = _open(path)[start:end]
            parts.append(np.stack([part['high'], part['low'], np.full(len(part), shard, np.uint64), part['place']]))
            keys.append(part['key'])
    columns = np.concatenate(parts, 1)
    order = np.lexsort(columns[::-1])  # by hash, then in the order of the plan
    high, low, shard, place = columns[:, order]
    again = np.zeros(len(order), bool)
    again[1:] = (high[1:] == high[:-1]) & (low[1:] == low[:-1])
    first = order[np.maximum.accumulate(np.where(again, 0, np.arange(len(order))))[again]]
    kept = np.concatenate(keys)[first]
    lost = np.empty(len(kept), [('shard', '<u4'), ('place', '<u4'), ('kept', kept.dtype)])
    lost['shard'], lost['place'], lost['kept'] = shard[again], place[again], kept
    return lost[np.lexsort((lost['place'], lost['shard']))]


def _edges(high: np.ndarray, bits: int) -> np.ndarray:
    """Where the hashes with each value of their first ``bits`` bits begin, and the end, shape (2 ** bits + 1,)."""
    starts = np.arange(1 << bits, dtype=np.uint64) << np.uint64(64 - bits) if bits else np.zeros(1, np.uint64)
    return np.append(np.searchsorted(high, starts), len(high))

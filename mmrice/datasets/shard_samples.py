"""ShardSamples: the samples of a folder of region shards as a sequence, of which only numbers are kept in memory."""
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence as SequenceABC
from itertools import groupby
from pathlib import Path
from typing import Any, Dict, List, Sequence, Union

import numpy as np

from mmrice.utils import UserError

from .shard_format import read_meta, regions_path
from .shard_table import DamagedShard, ShardTable, load_shard

_BUILD = 'Build the shards again with tools/build_region_data.py.'


class ShardSamples(SequenceABC):
    """Samples of region shards, in the order of the shards.

    Tables of shards are read when a sample of theirs is asked for, and the last few are kept: about 2 MB for a shard of
    10,000 images with five regions each.

    Args:
        root: Folder of the shards.
        kinds: Kinds of regions; images without one are left out.
        num_classes: {kind: number of classes} of the model.
        cache_shards: How many tables each process keeps.
        masks: Keep the masks of regions.

    Attributes:
        meta (dict): meta.json without its list of shards.

    Raises:
        UserError: The folder is no finished build, shards are missing, or labels do not fit.
    """

    def __init__(self, root: str, kinds: Sequence[str], num_classes: Dict[str, int], cache_shards: int,
                 masks: bool = False) -> None:
        meta = read_meta(root)
        _check_listing(Path(root), meta)
        self._kinds, self._num_classes, self._cache_shards = tuple(kinds), num_classes, cache_shards
        self._masks = masks
        self._tables: OrderedDict[int, Union[ShardTable, DamagedShard]] = OrderedDict()
        self._tars = _find_shards(Path(root), meta)
        self._counts = self._count(meta)
        self._ends = np.cumsum(self._counts).tolist()
        self._chosen: Union[range, np.ndarray] = range(self._ends[-1] if self._ends else 0)
        self.meta = {field: value for field, value in meta.items() if field != 'shards'}
        self._check_start(Path(root), meta)

    def _count(self, meta: dict) -> List[int]:
        """Images of each shard that have a region of the kinds."""
        if 'shards' in meta:
            return [sum(count for kinds, count in shard['kinds'].items() if set(kinds.split('+')) & set(self._kinds))
                    for shard in meta['shards']]
        counts = []
        for tar in self._tars:  # written before meta.json had these numbers
            table = load_shard(tar, self._kinds, whole=True)
            table.check_labels(self._num_classes)
            counts.append(len(table))
        return counts

    def _check_start(self, root: Path, meta: dict) -> None:
        """Find what would stop training later: labels of the first shard, and numbers of classes of them all."""
        first = next((shard for shard, count in enumerate(self._counts) if count), None)
        if first is None:
            return
        table = load_shard(self._tars[first], self._kinds, whole=True)
        self._check_table(first, table)
        for kind in self._kinds:
            found, expected = meta['num_classes'].get(kind, 0), self._num_classes.get(kind)
            if expected is not None and found > expected:
                raise UserError(f'{root / "meta.json"}: {found} {kind} classes do not fit the {expected} of the model. '
                                f'Set num_classes[{kind!r}] in the config to what meta.json says.')

    def _check_table(self, shard: int, table: ShardTable) -> None:
        table.check_labels(self._num_classes)
        if len(table) != self._counts[shard]:
            raise UserError(f'{regions_path(table.tar)}: {len(table)} images have a region of kind '
                            f'{" or ".join(self._kinds)}, meta.json says {self._counts[shard]}. {_BUILD}')

    def _table(self, shard: int) -> ShardTable:
        found = self._tables.pop(shard, None)
        if found is None:
            try:
                found = load_shard(self._tars[shard], self._kinds, masks=self._masks)
                self._check_table(shard, found)
            except DamagedShard as error:
                found = error
            while len(self._tables) >= self._cache_shards:
                self._tables.popitem(last=False)
        self._tables[shard] = found
        if isinstance(found, DamagedShard):
            raise found
        return found

    def __getitem__(self, index: Union[int, slice]) -> Union[dict, 'ShardSamples']:
        """A sample, see :meth:`ShardTable.sample`, or with a slice those samples, still unread.

        Raises:
            DamagedShard: The sample's shard cannot be read.
        """
        if isinstance(index, slice):
            return self.take(index)
        place = int(self._chosen[index])
        shard = bisect_right(self._ends, place)
        return self._table(shard).sample(place - (self._ends[shard - 1] if shard else 0))

    def take(self, index: Union[slice, Sequence[int]]) -> 'ShardSamples':
        """Some of the samples, still unread."""
        other = self.__class__.__new__(self.__class__)
        other.__dict__.update(self.__getstate__())
        other._chosen = self._chosen[index] if isinstance(index, slice) else np.asarray(self._chosen)[list(index)]
        return other

    def __len__(self) -> int:
        return len(self._chosen)

    def runs(self) -> List[int]:
        """Lengths of the runs of samples that lie in one shard: without :meth:`take` the samples of each shard."""
        if isinstance(self._chosen, range) and self._chosen.step == 1:
            bounds = np.clip([0, *self._ends], self._chosen.start, self._chosen.stop)
            return [length for length in np.diff(bounds).tolist() if length]
        shards = np.searchsorted(self._ends, np.asarray(self._chosen), side='right').tolist()
        return [sum(1 for _ in run) for _, run in groupby(shards)]

    def __getstate__(self) -> Dict[str, Any]:
        """Without the tables: another process reads its own."""
        return {**self.__dict__, '_tables': OrderedDict()}


def _check_listing(root: Path, meta: dict) -> None:
    """``shards`` of meta.json is absent in older builds."""
    try:
        for shard in meta.get('shards', []):
            valid = isinstance(shard['name'], str) and all(
                isinstance(kinds, str) and isinstance(count, int) for kinds, count in shard['kinds'].items())
            if not valid:
                raise ValueError
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f'{root / "meta.json"}: shards has an entry that is not {{"name": "000000", "images": 2, '
                        f'"kinds": {{"object+ocr": 2}}}}. {_BUILD}') from error


def _find_shards(root: Path, meta: dict) -> List[str]:
    """The tars that meta.json speaks of; none of their files may be missing."""
    names = sorted(path.name for path in root.iterdir())
    tars = [name for name in names if name.endswith('.tar')]
    if len(tars) != meta['num_shards']:
        raise UserError(f'{root}: holds {len(tars)} shards, meta.json says {meta["num_shards"]}. {_BUILD}')
    if 'shards' in meta:
        tars = [f'{shard["name"]}.tar' for shard in meta['shards']]
    present = set(names)
    for name in tars:
        for path in (root / name, regions_path(root / name)):
            if path.name not in present:
                raise UserError(f'{path}: no such file. {_BUILD}')
    return [str(root / name) for name in tars]

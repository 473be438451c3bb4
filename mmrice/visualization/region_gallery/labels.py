"""Count what region shards hold, and choose which clusters, words and images a gallery shows.

Tables are read shard by shard; memory holds one of them and one number for each class.
"""
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmrice.datasets.mini.progress import Progress
from mmrice.datasets.shard_format import read_table, regions_path
from mmrice.utils import UserError

CLUSTERED = ('object', 'image')
_BUILD = 'Build the shards again with tools/build_region_data.py.'


class Limits(NamedTuple):
    """How much is shown: clusters, crops of each cluster and word, images, words; and the seed of random choices."""
    clusters: int = 300
    crops: int = 8
    images: int = 60
    words: int = 200
    seed: int = 0


class Labels(NamedTuple):
    """Labels of one shard, without boxes and texts; R regions.

    Attributes:
        num_images: Images that have a region.
        image_R: Number of each region's image in the order of the table, int64.
        rows: Of the clustered kind and of kind 'ocr', int64 each.
        counts_R: Labels a region, int64.
        flat: Labels of all regions one after the other, int64.
    """
    num_images: int
    image_R: np.ndarray
    rows: Tuple[np.ndarray, np.ndarray]
    counts_R: np.ndarray
    flat: np.ndarray

    def nearest(self) -> np.ndarray:
        """The first label of each clustered region."""
        return self.flat[(np.cumsum(self.counts_R) - self.counts_R)[self.rows[0]]]

    def words(self) -> Tuple[np.ndarray, np.ndarray]:
        """Row and label of every word of every OCR region."""
        row_of = np.repeat(np.arange(len(self.counts_R)), self.counts_R)
        chosen = np.isin(row_of, self.rows[1])
        return row_of[chosen], self.flat[chosen]


class Counts(NamedTuple):
    """Sizes of all clusters (regions nearest to each), uses of all words, and of each shard its images and clustered
    regions."""
    sizes_K: np.ndarray
    uses_V: np.ndarray
    images: List[int]
    regions: List[int]


def find_shards(root: Path, num_shards: int) -> List[Path]:
    """The tars of a build, each with its table beside it.

    Raises:
        UserError: One is missing.
    """
    tars = sorted(set(root.glob('*.tar')) | {path.with_name(path.name.replace('.regions.parquet', '.tar'))
                                             for path in root.glob('*.regions.parquet')})
    for path in (path for tar in tars for path in (tar, regions_path(tar))):
        if not path.is_file():
            raise UserError(f'{path}: no such file. {_BUILD}')
    if len(tars) != num_shards:
        raise UserError(f'{root}: holds {len(tars)} shards, meta.json says {num_shards}. {_BUILD}')
    return tars


def watched(title: str, items: Sequence[Any]) -> Iterator[Any]:
    """Yield the items, with progress on stderr."""
    with Progress(title, len(items)) as progress:
        for item in items:
            yield item
            progress.step()


def number_images(table: pa.Table) -> Tuple[pa.Array, int, np.ndarray]:
    """Keys of a table's images in the order of appearance, their number, and that of each row's image, int64."""
    keys = pa.concat_arrays(table['key'].chunks or [pa.array([], pa.string())]).dictionary_encode()
    return keys.dictionary, len(keys.dictionary), keys.indices.to_numpy().astype(np.int64)


def read_labels(tar: Path, kind: Optional[str], num_classes: Dict[str, int]) -> Labels:
    """Read the labels of one shard.

    Args:
        tar: Its images; the table lies beside it.
        kind: The clustered kind; None for none.
        num_classes: Of each kind.

    Raises:
        UserError: The table is damaged, or a label is none of the classes of meta.json.
    """
    path = regions_path(tar)
    table = read_table(path)
    num_images, image_R = number_images(table)[1:]
    counts_R = pc.list_value_length(table['labels']).to_numpy().astype(np.int64)
    flat = pc.list_flatten(table['labels']).to_numpy().astype(np.int64)
    rows = []
    for name in (kind, 'ocr'):
        chosen_R = pc.equal(table['kind'], name or '').to_numpy().astype(bool)
        rows.append(np.flatnonzero(chosen_R))
        own = flat[np.repeat(chosen_R, counts_R)]
        if len(own) and not 0 <= own.min() <= own.max() < num_classes.get(name, 0):
            raise UserError(f'{path}: {name} labels go from {own.min()} to {own.max()}, but meta.json says '
                            f'{num_classes.get(name, 0)} classes. {_BUILD}')
    return Labels(num_images, image_R, tuple(rows), counts_R, flat)


def count_labels(tars: Sequence[Path], kind: Optional[str], num_classes: Dict[str, int]) -> Counts:
    """Count, over all shards, the regions of each cluster and word."""
    sizes_K, uses_V = (np.zeros(num_classes.get(name or '', 0), np.int64) for name in (kind, 'ocr'))
    images, regions = [], []
    for tar in watched('count', tars):
        labels = read_labels(tar, kind, num_classes)
        sizes_K += np.bincount(labels.nearest(), minlength=len(sizes_K))
        uses_V += np.bincount(labels.words()[1], minlength=len(uses_V))
        images.append(labels.num_images)
        regions.append(len(labels.rows[0]))
    return Counts(sizes_K, uses_V, images, regions)


def choose(counts_K: np.ndarray, most: int, spread: bool = False) -> np.ndarray:
    """Choose classes: those with most regions, or ``spread`` evenly from the largest to the smallest; empty ones only
    where there is room.

    Returns:
        np.ndarray: Their numbers, the largest first.
    """
    order = np.argsort(-counts_K, kind='stable')
    filled = int((counts_K > 0).sum())
    if spread and filled > most > 0:
        order = order[np.linspace(0, filled - 1, most).round().astype(int)]
    return order[:most]


def choose_images(counts: Sequence[int], most: int, seed: int) -> List[Tuple[int, int]]:
    """Random images as (shard, number in its table), evenly over all shards."""
    ends = np.cumsum([0, *counts])
    if not ends[-1]:
        return []
    chosen = np.random.default_rng(seed).choice(ends[-1], min(most, ends[-1]), replace=False)
    shards = np.searchsorted(ends, chosen, 'right') - 1
    return list(zip(shards.tolist(), (chosen - ends[shards]).tolist()))

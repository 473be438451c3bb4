"""ShardTable: which images a shard has, where their bytes lie, and their regions, as a few arrays."""
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmrice.structures import KINDS
from mmrice.utils import UserError

from .shard_format import (
    MASK_FIELD,
    TAG_KINDS,
    TEXT_KINDS,
    PathLike,
    TarIndex,
    index_tar,
    read_table,
    regions_path,
    scan_tar,
    table_boxes,
)


class DamagedShard(UserError):
    """A shard's table or tar is missing or cannot be read."""


class ShardTable(NamedTuple):
    """The N images of a shard that have a region of the kinds asked for, and their R regions, ordered by image.

    Attributes:
        tar: Path of the tar.
        keys: Key of each image, N strings, in the order in which the parquet first names them.
        places: Byte offset and size of each image's JPEG in the tar, int64, (N, 2); -1 where the tar has no such image.
        ends: End of each image's regions, int64, (N,).
        boxes: xyxy in pixels of the stored image, float32, (R, 4).
        kinds: Indices into :data:`mmrice.structures.KINDS`, int64, (R,).
        label_ends: End of each region's labels, int64, (R,).
        labels: Class indices of all regions, int32.
        num_labels: How many each region has, or 0 where that differs.
        texts: What each region says, R strings; None where no kind with words or tags was asked for.
        masks: Mask of each region, R strings, see :data:`.shard_format.MASK_FIELD`; None where none were asked for.
    """
    tar: str
    keys: List[str]
    places: np.ndarray
    ends: np.ndarray
    boxes: np.ndarray
    kinds: np.ndarray
    label_ends: np.ndarray
    labels: np.ndarray
    num_labels: int
    texts: Optional[pa.Array] = None
    masks: Optional[pa.Array] = None

    def __len__(self) -> int:
        return len(self.keys)

    def sample(self, image: int) -> dict:
        """What a pipeline starts from.

        Args:
            image: 0 to N - 1.

        Returns:
            dict: ``img_path``, ``img_offset``, ``img_bytes``, ``key``, ``gt_bboxes`` (float32, (K, 4)), ``gt_kinds``
            (int64, (K,)) and ``gt_region_labels`` (int64, (K, P), padded with -1), with texts ``gt_texts`` and with
            masks ``gt_rles`` (strings, (K,)). Its arrays may be changed.
        """
        first, last = self.ends[image - 1] if image else 0, self.ends[image]
        offset, size = self.places[image].tolist()
        sample = dict(
            img_path=self.tar, img_offset=offset, img_bytes=size, key=self.keys[image],
            gt_bboxes=self.boxes[first:last].copy(), gt_kinds=self.kinds[first:last].copy(),
            gt_region_labels=self._labels(first, last))
        for field, words in (('gt_texts', self.texts), ('gt_rles', self.masks)):
            if words is not None:
                sample[field] = np.array(words[first:last].to_pylist(), dtype=object)
        return sample

    def _labels(self, first: int, last: int) -> np.ndarray:
        if self.num_labels:  # a third of the time
            width = self.num_labels
            return self.labels[first * width:last * width].reshape(-1, width).astype(np.int64)
        ends = self.label_ends[first:last]
        start = self.label_ends[first - 1] if first else 0
        counts, values = np.diff(ends, prepend=start), self.labels[start:ends[-1]]
        present = np.arange(counts.max()) < counts[:, None]
        padded = np.full(present.shape, -1, dtype=np.int64)
        padded[present] = values
        return padded

    def check_labels(self, num_classes: Dict[str, int]) -> None:
        """Compare the labels with what the model has.

        Args:
            num_classes: {kind: number of classes}; kinds that are absent are not checked.

        Raises:
            UserError: A label does not fit; the shard's first one is named.
        """
        starts = np.append(0, self.label_ends[:-1])
        labelled = np.flatnonzero(starts < self.label_ends)  # others have words
        if not len(labelled):
            return
        highest = np.maximum.reduceat(self.labels, starts[labelled])
        limits = np.array([num_classes.get(kind, np.iinfo(np.int64).max) for kind in KINDS])
        wrong = np.flatnonzero(highest >= limits[self.kinds[labelled]])
        if len(wrong):
            region, highest = labelled[wrong[0]], highest[wrong[0]]
            kind = KINDS[self.kinds[region]]
            key = self.keys[int(np.searchsorted(self.ends, region, side='right'))]
            raise UserError(f'{regions_path(self.tar)}: key {key!r}: {kind} label {highest} does not fit the '
                            f'{num_classes[kind]} classes of the model. Set num_classes[{kind!r}] in the config to '
                            'what meta.json says.')


def load_shard(tar: PathLike, kinds: Sequence[str], whole: bool = False, masks: bool = False) -> ShardTable:
    """Read and check the table of a shard.

    Args:
        tar: The tar; the parquet lies beside it.
        kinds: Kinds of regions to keep.
        whole: Refuse a tar that is damaged or lacks an image, instead of leaving its place at -1.
        masks: Keep the masks, '' where the table has no such column.

    Returns:
        ShardTable: Images with at least one such region.

    Raises:
        DamagedShard: The tar or parquet is missing or cannot be read.
        UserError: With ``whole``, as above.
    """
    parquet = regions_path(tar)
    try:
        table = read_table(parquet)
        index = index_tar(tar) if whole else scan_tar(tar)[0]
    except UserError as error:
        raise DamagedShard(str(error)) from error
    rows, keys, ends = _rows_by_image(table, kinds)
    labels = pc.take(table['labels'], pa.array(rows)).combine_chunks()
    counts = pc.list_value_length(labels).to_numpy()
    worded = set(kinds) & {*TEXT_KINDS, *TAG_KINDS}
    if masks and MASK_FIELD.name not in table.column_names:
        table = table.append_column(MASK_FIELD, pa.array([''] * len(table)))
    return ShardTable(
        tar=str(tar), keys=keys, places=_places(keys, index, tar, parquet, whole), ends=ends,
        boxes=table_boxes(table)[rows], kinds=_kind_indices(table)[rows], label_ends=np.cumsum(counts, dtype=np.int64),
        labels=pc.list_flatten(labels).to_numpy(),
        num_labels=int(counts[0]) if len(counts) and (counts == counts[0]).all() else 0,
        texts=pc.take(table['text'], pa.array(rows)).combine_chunks() if worded else None,
        masks=pc.take(table[MASK_FIELD.name], pa.array(rows)).combine_chunks() if masks else None)


def _kind_indices(table: pa.Table) -> np.ndarray:
    """Index of each row's kind into KINDS, int64, (R,); -1 for kinds that training does not know."""
    return pc.fill_null(pc.index_in(table['kind'], pa.array(KINDS)), -1).to_numpy().astype(np.int64)


def _rows_by_image(table: pa.Table, kinds: Sequence[str]) -> Tuple[np.ndarray, List[str], np.ndarray]:
    """Rows of the kinds, ordered by image; the images' keys; the end of each image's rows."""
    encoded = table['key'].combine_chunks().dictionary_encode()
    codes_R = encoded.indices.to_numpy()
    kept = np.flatnonzero(np.isin(_kind_indices(table), [KINDS.index(kind) for kind in kinds]))
    counts = np.bincount(codes_R[kept], minlength=len(encoded.dictionary))
    rows = kept[np.argsort(codes_R[kept], kind='stable')]
    present = np.flatnonzero(counts)
    keys = encoded.dictionary.take(pa.array(present)).to_pylist()
    return rows, keys, np.cumsum(counts[present], dtype=np.int64)


def _places(keys: List[str], index: TarIndex, tar: PathLike, parquet: Path, whole: bool) -> np.ndarray:
    """Offset and size of each image, int64, (N, 2)."""
    if whole:
        missing = next((key for key in keys if key not in index), None)
        if missing is not None:
            raise UserError(f'{parquet}: key {missing!r} is not in {Path(tar).name}. '
                            'Build the shards again with tools/build_region_data.py.')
    return np.array([index.get(key, (-1, -1)) for key in keys], dtype=np.int64).reshape(-1, 2)

"""Region shards: ``000000.tar`` with ``key.jpg``, ``000000.regions.parquet`` beside it, ``meta.json`` at the root.

The parquet has one row a region, so that re-clustering rewrites only that file. A region of kind 'image' is a whole
image with its labels (image-level cluster discrimination). Needs numpy and pyarrow, no torch.
"""
import json
import os
import tarfile
from pathlib import Path
from typing import Any, Dict, List, Tuple, Union

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mmrice.utils import UserError, atomic_path, atomic_write

SCHEMA_VERSION = 1
KINDS = ('object', 'ocr', 'text', 'image')
REGION_SCHEMA = pa.schema([
    pa.field('key', pa.string(), nullable=False),
    pa.field('box', pa.list_(pa.float32(), 4), nullable=False),
    pa.field('kind', pa.string(), nullable=False),
    pa.field('score', pa.float32(), nullable=False),
    pa.field('labels', pa.list_(pa.int32()), nullable=False),
    pa.field('text', pa.string(), nullable=False),
])
META_FIELDS = ('schema_version', 'num_shards', 'num_images', 'num_regions', 'num_classes', 'made_by')
_BUILD = 'Build the shards with tools/build_region_data.py.'

PathLike = Union[str, Path]


def regions_path(tar: PathLike) -> Path:
    """Path of the parquet that belongs to a shard's tar: ``000000.tar`` -> ``000000.regions.parquet``."""
    return Path(tar).with_suffix('.regions.parquet')


def _check(path: PathLike, bad: np.ndarray, message: str, table: pa.Table, field: str) -> None:
    """Raise for the first row where ``bad`` is set."""
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise UserError(f'{path}: row {row}: {field} {table[field][row].as_py()!r} {message}')


def validate_regions(table: pa.Table, path: PathLike) -> None:
    """Check the rows of a region table.

    Args:
        table: Rows in :data:`REGION_SCHEMA`.
        path: The file's name, for the message.

    Raises:
        UserError: Names the file, the first bad row, its field, and what was expected.
    """
    for name in REGION_SCHEMA.names:
        _check(path, pc.is_null(table[name]).to_numpy(), 'is not allowed: every field needs a value.', table, name)
    box_R4 = _boxes(table)
    _check(path, ~np.isfinite(box_R4).all(1), 'is not finite. Boxes are xyxy in pixels.', table, 'box')
    _check(path, box_R4[:, 2] <= box_R4[:, 0], 'has x2 <= x1. Boxes are xyxy in pixels.', table, 'box')
    _check(path, box_R4[:, 3] <= box_R4[:, 1], 'has y2 <= y1. Boxes are xyxy in pixels.', table, 'box')
    kind_R = np.asarray(table['kind'].to_pylist(), dtype=object)
    _check(path, ~np.isin(kind_R, KINDS), f'is unknown. Expected one of {", ".join(KINDS)}.', table, 'kind')
    _check(path, ~np.isfinite(table['score'].to_numpy()), 'is not a finite number.', table, 'score')
    counts_R = pc.list_value_length(table['labels']).to_numpy()
    bare_R = (kind_R != 'text') & (counts_R == 0)
    _check(path, bare_R, 'is empty: object, ocr and image regions need a label.', table, 'labels')
    values = pc.list_flatten(table['labels'])
    if values.null_count or (len(values) and pc.min(values).as_py() < 0):
        bad = np.array([any(v is None or v < 0 for v in labels) for labels in table['labels'].to_pylist()])
        _check(path, bad, 'has a missing or negative class index.', table, 'labels')


def _boxes(table: pa.Table) -> np.ndarray:
    """Boxes of a table, shape (R, 4), float32."""
    flat = pc.list_flatten(table['box']).to_numpy()
    return np.ascontiguousarray(flat, np.float32).reshape(-1, 4)


def write_regions(path: PathLike, rows: List[Dict[str, Any]]) -> None:
    """Write the regions of one shard, all or nothing.

    Args:
        path: The parquet file; see :func:`regions_path`.
        rows: One dict a region with the fields of :data:`REGION_SCHEMA`. Equal rows give equal bytes.

    Raises:
        UserError: A row breaks the schema.
    """
    try:
        table = pa.Table.from_pylist(rows, schema=REGION_SCHEMA)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise UserError(f'{path}: a region does not fit the schema: {error}. '
                        f'Expected {", ".join(f"{f.name}: {f.type}" for f in REGION_SCHEMA)}.') from error
    validate_regions(table, path)
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary, compression='zstd')


def read_regions(path: PathLike) -> Dict[str, Dict[str, Any]]:
    """Read the regions of one shard, grouped by image.

    Args:
        path: The parquet file.

    Returns:
        dict: key -> ``{'boxes': (K, 4) float32 xyxy pixels, 'kinds': K strings, 'scores': (K,) float32,
        'labels': K lists of class indices, 'texts': K strings}``, keys and rows in the order of the file. Images
        without regions are absent.

    Raises:
        UserError: The file is missing, no parquet, of another schema, or a row is invalid.
    """
    table = _read_table(path)
    validate_regions(table, path)
    boxes_R4, scores_R = _boxes(table), table['score'].to_numpy()
    encoded = table['key'].combine_chunks().dictionary_encode()
    codes_R = encoded.indices.to_numpy()
    order = np.argsort(codes_R, kind='stable')
    ends = np.cumsum(np.bincount(codes_R, minlength=len(encoded.dictionary)))
    kinds, labels, texts = (table[name].to_pylist() for name in ('kind', 'labels', 'text'))
    regions, start = {}, 0
    for key, end in zip(encoded.dictionary.to_pylist(), ends):
        rows = order[start:end]
        start = end
        regions[key] = {'boxes': boxes_R4[rows], 'kinds': [kinds[r] for r in rows], 'scores': scores_R[rows],
                        'labels': [labels[r] for r in rows], 'texts': [texts[r] for r in rows]}
    return regions


def _read_table(path: PathLike) -> pa.Table:
    if not Path(path).is_file():
        raise UserError(f'{path}: no such file. {_BUILD}')
    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f'{path}: cannot be read as parquet ({error}). Delete it and run the build again.') from error
    for field in REGION_SCHEMA:
        if field.name not in table.column_names:
            raise UserError(f'{path}: column {field.name!r} is missing. Expected {", ".join(REGION_SCHEMA.names)}.')
    try:
        # A writer other than ours may mark the fields as nullable, which a cast to our schema refuses.
        fields = [pa.field(field.name, field.type) for field in REGION_SCHEMA]
        return table.select(REGION_SCHEMA.names).cast(pa.schema(fields)).combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise UserError(f'{path}: does not fit the schema of region shards: {error}.') from error


def index_tar(path: PathLike) -> Dict[str, Tuple[int, int]]:
    """Find the images of a shard without reading them.

    Args:
        path: The tar file.

    Returns:
        dict: key -> (byte offset, size in bytes) of ``key.jpg``, in the order of the tar. Other members are ignored.

    Raises:
        UserError: The file is missing, damaged, cut off, or holds a key twice.
    """
    index: Dict[str, Tuple[int, int]] = {}
    try:
        length = os.path.getsize(path)
        with tarfile.open(path, 'r:') as tar:
            for member in tar:
                if not (member.isfile() and member.name.endswith('.jpg')):
                    continue
                key = member.name[:-len('.jpg')]
                if key in index:
                    raise UserError(f'{path}: holds {member.name} twice. Delete it and run the build again.')
                if member.offset_data + member.size > length:
                    raise tarfile.ReadError('unexpected end of data')
                index[key] = (member.offset_data, member.size)
    except FileNotFoundError as error:
        raise UserError(f'{path}: no such file. {_BUILD}') from error
    except tarfile.TarError as error:
        raise UserError(f'{path}: damaged tar ({error}). Delete it and run the build again.') from error
    return index


def read_meta(root: PathLike) -> Dict[str, Any]:
    """Read ``meta.json`` of a folder of shards.

    Raises:
        UserError: The folder or file is missing, or it is of another schema version.
    """
    path = Path(root) / 'meta.json'
    if not path.is_file():
        raise UserError(f'{path}: no such file, so {root} holds no finished region shards. {_BUILD}')
    try:
        meta = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise UserError(f'{path}: not valid JSON ({error}). Delete it and run the build again.') from error
    _check_meta(path, meta)
    return meta


def write_meta(root: PathLike, meta: Dict[str, Any]) -> None:
    """Write ``meta.json``, all or nothing; equal contents give equal bytes.

    Args:
        root: Folder of the shards.
        meta: See :data:`META_FIELDS`; more fields are kept.

    Raises:
        UserError: A field is missing.
    """
    path = Path(root) / 'meta.json'
    _check_meta(path, meta)
    with atomic_write(path, encoding='utf-8') as stream:
        stream.write(json.dumps(meta, indent=2, sort_keys=True, ensure_ascii=False) + '\n')


def _check_meta(path: Path, meta: Any) -> None:
    missing = [name for name in META_FIELDS if not isinstance(meta, dict) or name not in meta]
    if missing:
        raise UserError(f'{path}: field {missing[0]!r} is missing. Expected {", ".join(META_FIELDS)}.')
    if meta['schema_version'] != SCHEMA_VERSION:
        raise UserError(f'{path}: schema version {meta["schema_version"]}, but this mmrice reads {SCHEMA_VERSION}. '
                        f'{_BUILD}')

"""Region shards: ``000000.tar`` with ``key.jpg``, ``000000.regions.parquet`` beside it, ``meta.json`` at the root.

The parquet has one row a region, so that re-clustering rewrites only that file. A region of kind 'image' is a whole
image with its labels (image-level cluster discrimination); one of kind 'text' has a phrase, one of kind 'caption' is a
whole image with a sentence, of which there may be several; one of kind 'tags' has tags, one of kind 'image_tags' is a
whole image with its tags: labels are indices into ``tag_vocab.json``. A column ``mask`` may follow. Needs numpy and
pyarrow, no torch.
"""
import json
import os
import tarfile
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple, Union

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mmrice.utils import UserError, atomic_path, atomic_write

SCHEMA_VERSION = 1
KINDS = ('object', 'ocr', 'text', 'image', 'caption', 'tags', 'image_tags')
TEXT_KINDS = ('text', 'caption')
TAG_KINDS = ('tags', 'image_tags')
REGION_SCHEMA = pa.schema([
    pa.field('key', pa.string(), nullable=False),
    pa.field('box', pa.list_(pa.float32(), 4), nullable=False),
    pa.field('kind', pa.string(), nullable=False),
    pa.field('score', pa.float32(), nullable=False),
    pa.field('labels', pa.list_(pa.int32()), nullable=False),
    pa.field('text', pa.string(), nullable=False),
])
# Counts of COCO's compressed RLE (runs down the columns) at the size of the stored image, '' for no mask. A parquet
# without masks lacks the column.
MASK_FIELD = pa.field('mask', pa.string(), nullable=False)
META_FIELDS = ('schema_version', 'num_shards', 'num_images', 'num_regions', 'num_classes', 'made_by')
_BUILD = 'Build the shards with tools/build_region_data.py.'

PathLike = Union[str, Path]
TarIndex = Dict[str, Tuple[int, int]]  # key -> byte offset and size of its JPEG


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
        table: Rows in :data:`REGION_SCHEMA`, perhaps with :data:`MASK_FIELD`.
        path: The file's name, for the message.

    Raises:
        UserError: Names the file, the first bad row, its field, and what was expected.
    """
    for name in table.column_names:
        _check(path, pc.is_null(table[name]).to_numpy(), 'is not allowed: every field needs a value.', table, name)
    box_R4 = table_boxes(table)
    _check(path, ~np.isfinite(box_R4).all(1), 'is not finite. Boxes are xyxy in pixels.', table, 'box')
    _check(path, box_R4[:, 2] <= box_R4[:, 0], 'has x2 <= x1. Boxes are xyxy in pixels.', table, 'box')
    _check(path, box_R4[:, 3] <= box_R4[:, 1], 'has y2 <= y1. Boxes are xyxy in pixels.', table, 'box')
    unknown_R = pc.invert(pc.is_in(table['kind'], pa.array(KINDS))).to_numpy()
    _check(path, unknown_R, f'is unknown. Expected one of {", ".join(KINDS)}.', table, 'kind')
    _check(path, ~np.isfinite(table['score'].to_numpy()), 'is not a finite number.', table, 'score')
    counts_R = pc.list_value_length(table['labels']).to_numpy()
    worded_R = pc.is_in(table['kind'], pa.array(TEXT_KINDS)).to_numpy()
    _check(path, ~worded_R & (counts_R == 0), 'is empty: regions other than texts and captions need a label.', table,
           'labels')
    _check(path, worded_R & pc.equal(table['text'], '').to_numpy(), 'is empty: text and caption regions need a text.',
           table, 'text')
    if MASK_FIELD.name in table.column_names:
        _check(path, pc.invert(pc.match_substring_regex(table['mask'], '^[0-o]*$')).to_numpy(),
               "is no mask: expected the counts of COCO's compressed RLE, or ''.", table, 'mask')
    values = pc.list_flatten(table['labels'])
    if values.null_count or (len(values) and pc.min(values).as_py() < 0):
        bad = np.array([any(v is None or v < 0 for v in labels) for labels in table['labels'].to_pylist()])
        _check(path, bad, 'has a missing or negative class index.', table, 'labels')


def table_boxes(table: pa.Table) -> np.ndarray:
    """Boxes of a region table: xyxy in pixels, shape (R, 4), float32."""
    flat = pc.list_flatten(table['box']).to_numpy()
    return np.ascontiguousarray(flat, np.float32).reshape(-1, 4)


def write_regions(path: PathLike, rows: List[Dict[str, Any]]) -> None:
    """Write the regions of one shard, all or nothing.

    Args:
        path: The parquet file; see :func:`regions_path`.
        rows: One dict a region with the fields of :data:`REGION_SCHEMA` and, where there is one, its ``mask``. Equal
            rows give equal bytes.

    Raises:
        UserError: A row breaks the schema.
    """
    schema = REGION_SCHEMA
    if any(row.get('mask') for row in rows):
        schema, rows = schema.append(MASK_FIELD), [{'mask': '', **row} for row in rows]
    try:
        table = pa.Table.from_pylist(rows, schema=schema)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise _misfit(path, error) from error
    _write_table(path, table)


def write_region_table(path: PathLike, columns: Dict[str, Any]) -> None:
    """Write the regions of one shard from whole columns, all or nothing; the same bytes as :func:`write_regions`.

    Args:
        path: The parquet file; see :func:`regions_path`.
        columns: For each field of :data:`REGION_SCHEMA` an Arrow array or what becomes one; ``box`` float32, shape
            (R, 4), ``score`` float32, shape (R,). Dictionary arrays are decoded. ``mask`` may be there, too; it is not
            written where all are ''.

    Raises:
        UserError: A row breaks the schema, or columns differ in length.
    """
    arrays = []
    schema = REGION_SCHEMA.append(MASK_FIELD) if MASK_FIELD.name in columns else REGION_SCHEMA
    try:
        for field in schema:
            column = columns[field.name]
            if field.name == 'box':
                flat = np.ascontiguousarray(column, np.float32).reshape(-1)
                column = pa.FixedSizeListArray.from_arrays(pa.array(flat), 4)
            arrays.append(pa.array(column, field.type) if not isinstance(column, pa.Array) else column.cast(field.type))
        table = pa.Table.from_arrays(arrays, schema=schema)
        table.validate()
        if MASK_FIELD.name in columns and pc.all(pc.equal(table[MASK_FIELD.name], ''), skip_nulls=False).as_py():
            table = table.select(REGION_SCHEMA.names)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise _misfit(path, error) from error
    _write_table(path, table)


def _misfit(path: PathLike, error: Exception) -> UserError:
    return UserError(f'{path}: a region does not fit the schema: {error}. '
                     f'Expected {", ".join(f"{f.name}: {f.type}" for f in REGION_SCHEMA)}.')


def _write_table(path: PathLike, table: pa.Table) -> None:
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
    table = read_table(path)
    boxes_R4, scores_R = table_boxes(table), table['score'].to_numpy()
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


def read_table(path: PathLike) -> pa.Table:
    """Read and check the rows of one shard.

    Args:
        path: The parquet file.

    Returns:
        pa.Table: Columns of :data:`REGION_SCHEMA`, and that of the masks where it is there; one chunk each.

    Raises:
        UserError: The file is missing, no parquet, of another schema, or a row is invalid.
    """
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
        fields = [pa.field(field.name, field.type) for field in (*REGION_SCHEMA, MASK_FIELD)
                  if field.name in table.column_names]
        table = table.select([field.name for field in fields]).cast(pa.schema(fields)).combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise UserError(f'{path}: does not fit the schema of region shards: {error}.') from error
    validate_regions(table, path)
    return table


def index_tar(path: PathLike) -> TarIndex:
    """Find the images of a shard without reading them.

    Args:
        path: The tar file.

    Returns:
        dict: key -> (byte offset, size in bytes) of ``key.jpg``, in the order of the tar. Other members are ignored.

    Raises:
        UserError: The file is missing, damaged, cut off, or holds a key twice.
    """
    index, damage = scan_tar(path)
    if damage:
        raise UserError(f'{path}: damaged tar ({damage}). Delete it and run the build again.')
    return index


def scan_tar(path: PathLike) -> Tuple[TarIndex, str]:
    """Like :func:`index_tar`, but what lies before a damage is found too.

    Args:
        path: The tar file.

    Returns:
        tuple: The index, and what is wrong with the file, '' where nothing is.

    Raises:
        UserError: The file is missing or holds a key twice.
    """
    index: TarIndex = {}
    damage = ''
    try:
        length = os.path.getsize(path)
        for name, offset, size in _members(path):
            if not name.endswith('.jpg'):
                continue
            key = name[:-len('.jpg')]
            if key in index:
                raise UserError(f'{path}: holds {name} twice. Delete it and run the build again.')
            if offset + size > length:
                raise tarfile.ReadError('unexpected end of data')
            index[key] = (offset, size)
    except FileNotFoundError as error:
        raise UserError(f'{path}: no such file. {_BUILD}') from error
    except tarfile.TarError as error:
        damage = str(error)
    return index, damage


def _members(path: PathLike) -> Iterator[Tuple[str, int, int]]:
    """Name, offset and size of the files of a tar.

    Plain headers are read here, in a fifth of tarfile's time: each data worker indexes each shard that it meets. Where
    a tar has another one (a long name, an extension, a damage), tarfile goes on.
    """
    start = 0
    with open(path, 'rb', buffering=0) as stream:
        while True:
            stream.seek(start)
            header = stream.read(512)
            digits = header[124:135]
            # magic; a file; no prefix of the name; an octal size
            if not (header[257:262] == b'ustar' and header[156:157] in (b'0', b'\0') and header[345:346] == b'\0'
                    and digits.isdigit()):
                break
            size = int(digits, 8)
            yield header[:100].split(b'\0', 1)[0].decode('utf-8', 'surrogateescape'), start + 512, size
            start += 512 + -(-size // 512) * 512
    if header == bytes(512):
        return
    with tarfile.open(path, 'r:') as tar:
        for member in tar:
            if member.isfile() and member.offset >= start:
                yield member.name, member.offset_data, member.size


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

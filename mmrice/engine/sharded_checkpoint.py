"""Folders that hold rows of tables, written by all ranks together and read by any number of them.

The format is PyTorch's distributed checkpoint (DCP): one file of tensors for each rank that wrote, and ``.metadata``,
which says which rows of which table lie where. Two things differ from its defaults:

- Ranks hold equal shares of the rows (:func:`mmrice.parallel.shard_rows`), which is not how a DTensor is split
  (``ceil(rows / ranks)`` for the first ones), and there need not be a process group. So rows are described to DCP by
  planners of our own instead of by DTensors. They also write large tables in pieces, so that a rank that needs a few
  rows of a table that one process wrote does not read all of it.
- ``.metadata`` is a pickle, and DCP would run what it says. It is read here with nothing allowed but the plain records
  that DCP writes; the tensors are read by ``torch.load(weights_only=True)``. DCP's writer of safetensors would avoid
  the pickle, but builds a rank's whole file in memory first and does not notice a missing file when reading.
"""
import pickle
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple

import torch
import torch.distributed.checkpoint as dcp
from torch import Tensor
from torch.distributed.checkpoint.metadata import ChunkStorageMetadata, Metadata, MetadataIndex, TensorProperties
from torch.distributed.checkpoint.planner import LoadPlan, ReadItem, SavePlan, TensorWriteData, WriteItem, WriteItemType
from torch.distributed.checkpoint.planner_helpers import create_read_items_for_chunk_list

from mmrice.utils import UserError

_PIECE = 32 * 2 ** 20  # bytes of a table that are written, and read, at once
_RECORDS = 'torch.distributed.checkpoint.metadata'
_HARMLESS = {
    *((_RECORDS, name) for name in ('BytesStorageMetadata', 'ChunkStorageMetadata', 'Metadata', 'MetadataIndex',
                                    'StorageMeta', 'TensorProperties', 'TensorStorageMetadata',
                                    '_MEM_FORMAT_ENCODING')),
    ('torch.distributed.checkpoint.filesystem', '_StorageInfo'),
    ('torch', 'Size'),
    ('torch.serialization', '_get_layout'),
    ('pathlib', 'PosixPath'),
    ('pathlib._local', 'PosixPath'),
}


class Part(NamedTuple):
    """Rows of a table that a rank has, or has room for.

    ``rows`` has shape (R, ...) and are the rows ``start`` to ``start + R`` of ``num_rows``.
    """
    rows: Tensor
    start: int
    num_rows: int

    def chunk(self, begin: int = 0, end: int = -1) -> ChunkStorageMetadata:
        """DCP's name for the rows ``begin`` to ``end`` of this part, all by default."""
        end = len(self.rows) if end < 0 else end
        rest = self.rows.shape[1:]
        return ChunkStorageMetadata(
            torch.Size([self.start + begin, *[0] * len(rest)]), torch.Size([end - begin, *rest]))


class _SavePlanner(dcp.DefaultSavePlanner):
    """Writes the parts of each rank, in pieces; a rank without rows writes nothing."""

    def set_up_planner(self, state_dict: Dict[str, Part], storage_meta: Any = None,
                       is_coordinator: bool = False) -> None:
        self.state_dict, self.is_coordinator = state_dict, is_coordinator
        self.flatten_state_dict = False

    def create_local_plan(self) -> SavePlan:
        self.plan = SavePlan([item for key, part in self.state_dict.items() for item in self._items(key, part)])
        return self.plan

    @staticmethod
    def _items(key: str, part: Part) -> Iterator[WriteItem]:
        table = torch.Size([part.num_rows, *part.rows.shape[1:]])
        properties = TensorProperties.create_from_tensor(part.rows)
        step = max(1, _PIECE // max(1, part.rows[:1].numel() * part.rows.element_size()))
        for begin in range(0, len(part.rows), step):
            chunk = part.chunk(begin, min(begin + step, len(part.rows)))
            yield WriteItem(MetadataIndex(key, chunk.offsets), WriteItemType.SHARD,
                            tensor_data=TensorWriteData(chunk, properties, table))

    def resolve_data(self, write_item: WriteItem) -> Tensor:
        part, chunk = self.state_dict[write_item.index.fqn], write_item.tensor_data.chunk
        begin = chunk.offsets[0] - part.start
        return part.rows[begin:begin + chunk.sizes[0]]


class _LoadPlanner(dcp.DefaultLoadPlanner):
    """Reads into the parts of this rank whatever was saved of their rows."""

    def set_up_planner(self, state_dict: Dict[str, Part], metadata: Any = None, is_coordinator: bool = False) -> None:
        self.state_dict, self.metadata, self.is_coordinator = state_dict, metadata, is_coordinator

    def create_local_plan(self) -> LoadPlan:
        items: List[ReadItem] = []
        for key, part in self.state_dict.items():
            if len(part.rows):
                items += create_read_items_for_chunk_list(key, self.metadata.state_dict_metadata[key], [part.chunk()])
        return LoadPlan(items)

    def lookup_tensor(self, index: MetadataIndex) -> Tensor:
        return self.state_dict[index.fqn].rows


class _Unpickler(pickle.Unpickler):

    def find_class(self, module: str, name: str) -> Any:
        is_dtype = module == 'torch' and isinstance(getattr(torch, name, None), torch.dtype)
        if not is_dtype and (module, name) not in _HARMLESS:
            raise UserError(f'holds an object of type {module}.{name}, which no checkpoint of ours has')
        return super().find_class(module, name)


class _Reader(dcp.FileSystemReader):
    """DCP's reader with metadata that were read before."""

    def __init__(self, folder: Path, metadata: Metadata) -> None:
        super().__init__(folder)
        self._metadata = metadata

    def read_metadata(self) -> Metadata:
        return self._metadata


@contextmanager
def _quiet() -> Iterator[None]:
    """Without DCP's warning that there is one process."""
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='torch.distributed is (disabled|unavailable)')
        yield


def write_parts(folder: Path, parts: Dict[str, Part]) -> None:
    """Write tables. All ranks call it, with the same keys.

    Args:
        folder: New, and seen by all ranks.
        parts: {key: this rank's rows}; the ranks' rows make up the whole table.

    Raises:
        OSError: A rank could not write; raised on all ranks.
        RuntimeError: Anything else went wrong on a rank; raised on all ranks.
    """
    try:
        with _quiet():
            dcp.save(parts, storage_writer=dcp.FileSystemWriter(folder), planner=_SavePlanner())
    except dcp.CheckpointException as error:
        failure = _first(error)
        if isinstance(failure, OSError):
            raise failure from None
        raise RuntimeError(f'{folder}: {failure}') from error


def read_parts(folder: Path, metadata: Metadata, parts: Dict[str, Part]) -> None:
    """Fill parts with rows from a folder. All ranks call it, with the same keys.

    Args:
        folder: What :func:`write_parts` made, with any number of ranks.
        metadata: From :func:`read_metadata`.
        parts: {key: room for this rank's rows}, filled in place, and cast where the dtype differs.

    Raises:
        UserError: A file is damaged; raised on all ranks.
    """
    try:
        with _quiet():
            dcp.load(parts, storage_reader=_Reader(folder, metadata), planner=_LoadPlanner())
    except dcp.CheckpointException as error:
        raise _damaged(folder, f'{type(_first(error)).__name__} on reading') from error


def read_metadata(folder: Path) -> Metadata:
    """Read which tables a folder holds, without running what a forged file might say, and check that all is there.

    Args:
        folder: What :func:`write_parts` made.

    Returns:
        Metadata: ``state_dict_metadata[key].size`` is the shape of a whole table, ``.properties.dtype`` its dtype.

    Raises:
        UserError: The folder or a file is missing, damaged, or no such folder.
    """
    if not folder.is_dir():
        raise UserError(f'{folder}: no such folder; it holds the class centres of the checkpoint. Copy it to where the '
                        'checkpoint is.')
    try:
        with open(folder / '.metadata', 'rb') as stream:
            metadata = _Unpickler(stream).load()
        ends = _ends(metadata)
    except UserError as error:
        raise _damaged(folder, f'.metadata {error}') from None
    except Exception as error:
        raise _damaged(folder, f'.metadata: {type(error).__name__} on reading') from error
    for name, end in ends.items():
        file = folder / name
        found = file.stat().st_size if file.is_file() and Path(name).name == name else -1
        if found < end:
            raise _damaged(folder, f'{name} is missing' if found < 0 else
                           f'{name} has {found:,} bytes, expected {end:,}')
    return metadata


def _ends(metadata: Metadata) -> Dict[str, int]:
    """{file: bytes that it must have}; every row of every table must be in one."""
    ends: Dict[str, int] = {}
    for key, entry in metadata.state_dict_metadata.items():
        if sum(chunk.sizes[0] for chunk in entry.chunks) != entry.size[0]:
            raise UserError(f'lacks rows of {key}')
        for chunk in entry.chunks:
            place = metadata.storage_data[MetadataIndex(key, chunk.offsets)]
            ends[place.relative_path] = max(ends.get(place.relative_path, 0), place.offset + place.length)
    return ends


def _first(error: dcp.CheckpointException) -> BaseException:
    """What the first rank that failed raised."""
    return error.failures[min(error.failures)][0]


def _damaged(folder: Path, what: str) -> UserError:
    return UserError(f'{folder}: damaged: {what}. Copy the folder again, or resume from an earlier checkpoint.')

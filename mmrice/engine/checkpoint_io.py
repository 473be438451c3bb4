"""Checkpoint files: written whole or not at all, read without unpickling code, found again after a crash."""
import errno
import json
import os
import re
import shutil
import zipfile
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Dict, Optional, Union

import torch
from mmengine.fileio import LocalBackend, register_backend
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader, get_torch_safe_globals

from mmrice.utils import UserError, atomic_write

ATOMIC_BACKEND = 'mmrice_atomic'
FOLDER = 'folder'  # key that a checkpoint with class centres gets on reading: where it lies
_LARGEST_HEADER = 10 ** 8  # of a safetensors file, in bytes
FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _size(num_bytes: int) -> str:
    return f'{num_bytes / 2 ** 20:,.1f} MiB'


class AtomicBackend(LocalBackend):
    """Local files that appear under their name only when they are complete."""

    def put(self, obj: bytes, filepath: Union[str, Path]) -> None:
        """Write a file.

        Args:
            obj: Its content.
            filepath: Its path. A file that has the name already is replaced in one step.

        Raises:
            UserError: The disk is full; nothing is left of the new file, and the old one is untouched.
        """
        try:
            with atomic_write(filepath, 'wb') as stream:
                stream.write(obj)
        except OSError as error:
            if error.errno not in FULL_DISK:
                raise
            free = shutil.disk_usage(os.path.dirname(os.path.abspath(filepath))).free
            raise UserError(f'{filepath}: the disk is full: {_size(len(obj))} are needed, {_size(free)} are free. Make '
                            'room and run the same command with --resume: the last checkpoint is whole.') from error


register_backend(ATOMIC_BACKEND, AtomicBackend, force=True)


def read_checkpoint(filename: Union[str, Path], map_location: Any = 'cpu') -> Dict[str, Any]:
    """Read a checkpoint of plain tensors.

    Args:
        filename: A .safetensors file, or what :func:`torch.save` wrote.
        map_location: See :func:`torch.load`.

    Returns:
        dict: As saved; the tensors themselves for safetensors.

    Raises:
        UserError: No such file, damaged, or holding Python objects other than mmengine's own logs.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        raise UserError(f'{path}: no such checkpoint.{_nearby(path)}')
    try:
        if path.suffix == '.safetensors':
            from safetensors.torch import load_file
            return load_file(path, device=str(map_location or 'cpu'))
        with torch.serialization.safe_globals(get_torch_safe_globals()):
            return torch.load(path, map_location=map_location, weights_only=True)
    except Exception as error:
        found = re.search(r'GLOBAL ([\w.]+)', str(error)) if isinstance(error, UnpicklingError) else None
        if found is None:
            raise UserError(f'{path}: damaged, or not a checkpoint ({_damage(path, error)}).') from error
        raise UserError(f'{path}: holds an object of type {found.group(1)}. Only tensors and plain Python values are '
                        'loaded, because other pickles run code. If you trust the file, save its "state_dict" alone '
                        'with torch.save, or as safetensors.') from error


def _damage(path: Path, error: Exception) -> str:
    """What is wrong with a file that cannot be read."""
    with open(path, 'rb') as stream:
        start = stream.read(8)
        if start.startswith(b'version '):
            return 'a Git LFS pointer; expected the file itself, which git lfs pull fetches'
        length = int.from_bytes(start, 'little')
        if path.suffix == '.safetensors' and 0 < length < _LARGEST_HEADER:
            try:
                header = json.loads(stream.read(length))
                end = max(entry['data_offsets'][1] for key, entry in header.items() if key != '__metadata__')
            except (ValueError, TypeError, KeyError, IndexError, AttributeError):
                return f'{type(error).__name__} on reading'
            found = path.stat().st_size
            if found != 8 + length + end:
                return f'expected {8 + length + end:,} bytes, found {found:,}; fetch or write it again'
    return f'{type(error).__name__} on reading'


def install_reader() -> None:
    """Let mmengine read local checkpoints with :func:`read_checkpoint`, which never falls back to unpickling code."""

    def load_from_local(filename: str, map_location: Any) -> Dict[str, Any]:  # mmengine logs this name
        checkpoint = read_checkpoint(filename, map_location)
        if _centers_name(checkpoint):
            checkpoint[FOLDER] = str(Path(filename).expanduser().resolve().parent)
        return checkpoint

    CheckpointLoader.register_scheme(prefixes='', loader=load_from_local, force=True)


def to_plain(value: Any) -> Any:
    """Replace what ``torch.load(weights_only=True)`` refuses: NumPy values, log buffers, config dicts, paths.

    Args:
        value: Nested dicts, lists and tuples of anything.

    Returns:
        Any: The same, of tensors and builtin types; what cannot be converted is left as it is.
    """
    if isinstance(value, HistoryBuffer):
        return dict(
            history_buffer=torch.from_numpy(value._log_history.astype('float64')),
            counts=torch.from_numpy(value._count_history.astype('float64')),
            max_length=value.max_length)
    if isinstance(value, dict):
        plain = {to_plain(key): to_plain(item) for key, item in value.items()}
        if type(value).__name__ != 'OrderedDict':
            return plain
        ordered = type(value)(plain)
        ordered.__dict__.update(getattr(value, '__dict__', {}))  # _metadata of a state dict
        return ordered
    if type(value) in (list, tuple, set):
        return type(value)(to_plain(item) for item in value)
    if isinstance(value, torch.nn.Parameter):
        return value.detach()
    if type(value).__module__ == 'numpy':
        if value.shape and value.dtype.kind in 'biufc':
            return torch.from_numpy(value.copy())
        return to_plain(value.tolist())
    return str(value) if isinstance(value, Path) else value


def restore_buffers(message_hub: Dict[str, Any]) -> None:
    """Make mmengine's log buffers out of what :func:`to_plain` made of them, in place.

    Args:
        message_hub: State of a message hub.
    """
    scalars = message_hub['log_scalars']
    for name, value in scalars.items():
        if isinstance(value, dict) and 'history_buffer' in value:
            scalars[name] = HistoryBuffer(value['history_buffer'].tolist(), value['counts'].tolist(),
                                          value['max_length'])


def _centers_name(checkpoint: Any) -> Optional[str]:
    """Name of the folder with the class centres of a checkpoint, None where they are in it or it has none."""
    meta = checkpoint.get('meta') if isinstance(checkpoint, dict) else None
    return meta.get('centers') if isinstance(meta, dict) else None


def centers_of(path: Union[str, Path]) -> Optional[Path]:
    """Folder with the class centres of a checkpoint (``meta['centers']``); only the checkpoint's index is read.

    Args:
        path: The checkpoint or a link to it.

    Returns:
        Path: Beside the checkpoint, whether or not it is there; None where the checkpoint needs none or cannot be read.
    """
    path = Path(path).resolve()
    try:
        with torch.serialization.safe_globals(get_torch_safe_globals()):
            name = _centers_name(torch.load(path, map_location='cpu', mmap=True, weights_only=True))
    except Exception:  # whoever wants the checkpoint itself reads it with read_checkpoint, which says what is wrong
        return None
    return path.with_name(name) if name else None


def _is_whole(path: Path) -> bool:
    """Whether a checkpoint, and the folder that it may need, were written to the end."""
    if not path.is_file() or not zipfile.is_zipfile(path):
        return False
    centers = centers_of(path)
    return centers is None or (centers / '.metadata').is_file()


def find_latest(work_dir: Union[str, Path]) -> Optional[Path]:
    """Find the checkpoint to resume from.

    Args:
        work_dir: Folder of a run, possibly moved since.

    Returns:
        Path: What ``last_checkpoint`` names, else the newest whole ``epoch_*.pth`` or ``iter_*.pth``; None where there
        is none. One whose folder of class centres is missing is not whole.
    """
    work_dir = Path(work_dir)
    pointer = work_dir / 'last_checkpoint'
    named = Path(pointer.read_text().strip()) if pointer.is_file() else None
    candidates = [work_dir / named.name, named] if named and named.name else []  # a copy has its own
    found = [path for pattern in ('epoch_*.pth', 'iter_*.pth') for path in work_dir.glob(pattern)]
    candidates += sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)
    return next((path for path in candidates if _is_whole(path)), None)


def replace_link(link: Path, target: Path) -> None:
    """Point a symbolic link at a file beside it or elsewhere, in one step.

    Args:
        link: The link; replaced if it exists.
        target: What it points at, kept relative so that the folder can be moved.
    """
    temporary = link.with_name(f'.tmp-{os.getpid()}-{link.name}')
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(os.path.relpath(target, link.parent))
    os.replace(temporary, link)


def _nearby(path: Path) -> str:
    """A hint at checkpoints that do exist near a path that does not."""
    folder = next((parent for parent in path.parents if parent.is_dir()), None)
    if folder is None:
        return ''
    found = sorted(folder.glob('*.pth'))[:5]
    return f' {folder} holds {", ".join(item.name for item in found)}.' if found else ''

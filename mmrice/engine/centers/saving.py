"""Write the folder with the class centres, so that a run may die at any moment and has a checkpoint.

All ranks write their rows, the optimizer state of these and waiting gradients to one folder; the checkpoint has the
rest and names the folder in ``meta['centers']``. The order is:

1. The folder is written under a hidden name, then renamed. A mark in it says that its checkpoint is not there yet.
2. The checkpoint appears. Where it takes the place of another of the same name, the new folder has a name of its own.
3. The folder of the replaced checkpoint goes, then the mark.

What a killed save leaves behind is removed by the next one.
"""
import shutil
from pathlib import Path
from typing import Callable

from mmengine.dist import is_main_process
from mmengine.runner import Runner

from mmrice.parallel import row_shard
from mmrice.utils import UserError

from ..checkpoint_io import FULL_DISK, centers_of
from .agreement import on_main
from .states import collect, tables_of

_ENDING, _MARK, _HIDDEN = '.centers', '.unfinished', '.tmp-'


def save_with_centers(runner: Runner, path: Path, with_optimizer: bool, write: Callable[[str], None]) -> None:
    """Write the folder with the class centres and then the checkpoint. All ranks call it.

    Args:
        runner: Its model has tables.
        path: The checkpoint to be written.
        with_optimizer: Whether optimizer state and waiting gradients are saved, too.
        write: Writes the checkpoint; called on rank 0 with the name of the folder.

    Raises:
        UserError: The disk is full; raised on all ranks, and nothing new is left.
    """
    from ..sharded_checkpoint import Part, write_parts
    tables = tables_of(runner)
    parts = {}
    for key, rows in collect(runner, with_optimizer).items():
        shard = row_shard(tables[key.partition('/')[0]])
        parts[key] = Part(rows, shard.start, shard.num_rows)
    name = on_main(lambda: _prepare(path))
    hidden = path.with_name(_HIDDEN + name)
    try:
        try:
            write_parts(hidden, parts)
        except OSError as error:
            if error.errno not in FULL_DISK:
                raise
            raise UserError(f'{path}: the disk is full: its class centres do not fit. Make room and run the same '
                            'command with --resume: the last checkpoint is whole.') from error
        on_main(lambda: _publish(hidden, path, write))
    finally:
        if is_main_process():
            shutil.rmtree(hidden, ignore_errors=True)


def _prepare(path: Path) -> str:
    """Remove leftovers and choose the name of the new folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear_leftovers(path)
    number, name = 1, path.stem + _ENDING
    while path.with_name(name).exists():  # of a checkpoint that is being replaced, or that was renamed
        number += 1
        name = f'{path.stem}{_ENDING}-{number}'
    return name


def _publish(hidden: Path, path: Path, write: Callable[[str], None]) -> None:
    """Let a complete folder and its checkpoint appear."""
    from ..sharded_checkpoint import read_metadata
    try:
        read_metadata(hidden)
    except UserError as error:
        raise UserError(f'{path.parent}: not all processes write to this folder ({error}). Choose a --work-dir on a '
                        'file system that all machines share.') from error
    folder = hidden.with_name(hidden.name[len(_HIDDEN):])
    replaced = centers_of(path) if path.exists() else None
    (hidden / _MARK).write_text(replaced.name if replaced else '')
    hidden.rename(folder)
    try:
        write(folder.name)
    except Exception:
        shutil.rmtree(folder)
        raise
    _finish(folder)


def _finish(folder: Path) -> None:
    """Remove the folder that a new one replaces, and the mark."""
    replaced = (folder / _MARK).read_text()
    if replaced:
        shutil.rmtree(folder.with_name(replaced), ignore_errors=True)
    (folder / _MARK).unlink()


def _clear_leftovers(path: Path) -> None:
    """Finish or undo what saves that were killed have begun where a checkpoint is to be written."""
    for item in path.parent.glob(f'{_HIDDEN}*'):
        if item.is_dir() and _ENDING in item.name:
            shutil.rmtree(item)
        elif item.name.endswith((path.suffix, 'last_checkpoint')):
            item.unlink()
    for mark in path.parent.glob(f'*{_ENDING}*/{_MARK}'):
        folder = mark.parent
        owner = folder.with_name(folder.name.rpartition(_ENDING)[0] + path.suffix)
        if centers_of(owner) == folder.resolve():
            _finish(folder)
        else:
            shutil.rmtree(folder)


def remove_with_centers(path: Path, remove: Callable[[str], None]) -> None:
    """Remove a checkpoint and then its folder.

    Args:
        path: The checkpoint.
        remove: Removes the file.
    """
    folder = centers_of(path)
    remove(str(path))
    if folder is not None and folder.name.startswith(path.stem + _ENDING):
        shutil.rmtree(folder, ignore_errors=True)

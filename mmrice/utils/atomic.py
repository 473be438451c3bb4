"""Write files so that a reader sees the old one or the new one, never half of one."""
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Iterator, Union


@contextmanager
def atomic_path(path: Union[str, Path]) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; it takes the name ``path`` when the block ends well.

    The temporary name starts with a dot and ends like ``path`` does (some writers choose a format by the ending). It is
    removed when the block raises; a killed process leaves only this dot file.

    Args:
        path: The file to be written. Its folder is created.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix='.tmp-', suffix=f'-{path.name}', dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, 'rb') as written:
            os.fsync(written.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_write(path: Union[str, Path], mode: str = 'w', **kwargs) -> Iterator[IO]:
    """Open a file for writing that appears under ``path`` only when the block ends well.

    Args:
        path: The file to be written.
        mode: 'w' or 'wb'.
        **kwargs: Passed to :func:`open`.
    """
    with atomic_path(path) as temporary, open(temporary, mode, **kwargs) as stream:
        yield stream

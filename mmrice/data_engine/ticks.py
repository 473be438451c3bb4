"""How many images the running jobs have done, told through small files, so that it works in any kind of worker."""
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator, Optional

_SECONDS = 1.0  # between two writes of a job


class Ticks:
    """Counts the images of one job in a file.

    Args:
        path: The file; it is there while the job runs.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.count, self.told = path, 0, time.monotonic()

    def add(self) -> None:
        """Count one image."""
        self.count += 1
        now = time.monotonic()
        if now - self.told >= _SECONDS:
            self.told = now
            with suppress(OSError):  # it is for show only
                self.path.parent.mkdir(exist_ok=True)
                self.path.write_text(str(self.count))


_job: Optional[Ticks] = None  # of the job that this process runs


@contextmanager
def counting(path: Path) -> Iterator[None]:
    """Images that :func:`tick` counts meanwhile are shown in the file."""
    global _job
    _job = Ticks(path)
    try:
        yield
    finally:
        _job = None
        with suppress(OSError):
            path.unlink()


def tick() -> None:
    """Count one image of the job that this process runs."""
    if _job is not None:
        _job.add()


def images_underway(folder: Path) -> int:
    """Images that running jobs have done so far.

    Args:
        folder: Of their files.
    """
    total = 0
    for path in folder.glob('*'):
        with suppress(OSError, ValueError):  # gone, or just being written
            total += int(path.read_text())
    return total

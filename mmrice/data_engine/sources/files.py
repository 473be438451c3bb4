"""Sources whose images are files."""
import os
from pathlib import Path
from typing import Any, Dict, Iterator, NamedTuple, Optional, Sequence, Tuple

from mmrice.utils import UserError

from ..images import Reject
from .base import Entries, Found, Source
from .names import Names

EXTENSIONS = ('.jpg', '.jpeg', '.jfif', '.png', '.bmp', '.webp', '.tif', '.tiff', '.ppm', '.pgm', '.gif')
Status = Optional[Tuple[int, int]]  # size in bytes and date in ns; None for a missing file


class Listed(NamedTuple):
    """A file that a source lists: name of the source, path in it, size and date."""
    source: str
    file: str
    status: Status


class FileSource(Source):
    """Base of the sources whose images are files.

    The plan is made file by file and written shard by shard: it takes 8 bytes of memory an image (see :class:`Names`),
    and on disk some 120 bytes an image, more with long paths. A new file moves those behind it, so the shards from
    there on are made anew; a changed one touches its own shard alone.

    Args:
        images_per_shard: Source images a shard; rejected ones leave their shard smaller.
        **kwargs: See :class:`Source`.
    """

    def __init__(self, images_per_shard: int = 10_000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if images_per_shard < 1:
            raise UserError(f'engine.ingest.images_per_shard is {images_per_shard}, expected 1 or more.')
        self.images_per_shard = images_per_shard

    def files(self) -> Iterator[Listed]:
        """All files in their order, or an error in the user's words where there is none."""
        raise NotImplementedError

    def path(self, source: str, file: str) -> Path:
        """Where a listed file is."""
        raise NotImplementedError

    def plan(self, names: Optional[Names] = None) -> Iterator[Entries]:
        """See :meth:`Source.plan`; an entry is ``{'key', 'source', 'file', 'size', 'mtime_ns'}``, without the last two
        where the file is missing."""
        names, shard = names or Names(), []
        for source, file, status in self.files():
            entry = {'key': names.key(f'{source}_{os.path.splitext(file)[0]}'), 'source': source, 'file': file}
            shard.append(entry if status is None else {**entry, 'size': status[0], 'mtime_ns': status[1]})
            if len(shard) == self.images_per_shard:
                yield shard
                shard = []
        if shard:
            yield shard

    def read(self, entries: Sequence[Dict[str, Any]]) -> Iterator[Found]:
        """See :meth:`Source.read`."""
        for entry in entries:
            path = self.path(entry['source'], entry['file'])
            try:
                if 'size' not in entry:
                    raise Reject('missing', 'no such file')
                self.check_bytes(entry['size'])
                data = path.read_bytes()
            except Reject as reject:
                data = reject
            except OSError as error:
                data = Reject('unreadable', str(error.strerror))
            yield Found(entry['key'], entry['source'], entry['file'], path.as_posix(), data)


def status_of(path: Path) -> Status:
    """Size and date of a file, None where it is missing."""
    try:
        stat = path.stat()
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return None
    return stat.st_size, stat.st_mtime_ns

"""ImageFolders: every image below some folders."""
import os
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Dict, Iterator, Sequence, Tuple

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from .files import EXTENSIONS, FileSource, Listed


@ENGINE_STAGES.register_module()
class ImageFolders(FileSource):
    """Take every image below some folders, in the order of their paths.

    Hidden files and folders and links to folders are left out. While files are listed the names of one folder are in
    memory.

    Args:
        sources: Name -> folder. The name starts the keys of its images.
        exclude: Patterns of images to leave out, matched with ``name/path``, such as 'photos/val_*.jpg'.
        **kwargs: See :class:`FileSource` and :class:`Source`.

    Example:
        >>> ImageFolders(dict(photos='data/mini/photos'), min_edge=64)
    """

    def __init__(self, sources: Dict[str, str], exclude: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not sources:
            raise UserError('engine.ingest.sources is empty: name at least one folder of images.')
        self.sources, self.exclude = {name: Path(folder) for name, folder in sources.items()}, tuple(exclude)

    def files(self) -> Iterator[Listed]:
        """See :meth:`FileSource.files`."""
        found = False
        for name, folder in self.sources.items():
            if not folder.is_dir():
                raise self.missing(f'{folder}: no such folder (source {name!r}).')
            for file, entry in walk(folder):
                if any(fnmatch(f'{name}/{file}', pattern) for pattern in self.exclude):
                    continue
                stat = entry.stat()
                found = True
                yield Listed(name, file, (stat.st_size, stat.st_mtime_ns))
        if not found:
            raise self.missing(f'{", ".join(map(str, self.sources.values()))}: no image found '
                               f'({" ".join(EXTENSIONS)}).')

    def path(self, source: str, file: str) -> Path:
        """See :meth:`FileSource.path`."""
        return self.sources[source] / file


def walk(folder: Path, prefix: str = '') -> Iterator[Tuple[str, os.DirEntry]]:
    """Yield the images below a folder with their paths in it, in the order of these paths as strings."""
    def place(entry: os.DirEntry) -> str:
        return entry.name + '/' * entry.is_dir(follow_symlinks=False)

    with os.scandir(folder) as entries:
        found = sorted((entry for entry in entries if not entry.name.startswith('.')), key=place)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from walk(folder / entry.name, f'{prefix}{entry.name}/')
        elif os.path.splitext(entry.name)[1].lower() in EXTENSIONS and entry.is_file():
            yield f'{prefix}{entry.name}', entry

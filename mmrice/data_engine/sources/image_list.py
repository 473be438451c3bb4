"""ImageList: the images that a text file names."""
import os
from pathlib import Path
from typing import Any, Dict, Iterator, Optional

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from .files import FileSource, Listed, status_of


@ENGINE_STAGES.register_module()
class ImageList(FileSource):
    """Take the images that text files name, one path a line, in the order of the lines.

    Empty lines are skipped; files that are missing are listed in the rejects.

    Args:
        sources: Name -> text file, UTF-8. The name starts the keys of its images.
        root: Where relative paths start; None takes the folder of their list.
        **kwargs: See :class:`FileSource` and :class:`Source`.

    Example:
        >>> ImageList(dict(web='lists/web.txt'), root='/datasets/web')
    """

    def __init__(self, sources: Dict[str, str], root: Optional[str] = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not sources:
            raise UserError('engine.ingest.sources is empty: name at least one list of images.')
        self.sources = {name: Path(path) for name, path in sources.items()}
        self.root = None if root is None else Path(root)

    def files(self) -> Iterator[Listed]:
        """See :meth:`FileSource.files`."""
        for name, path in self.sources.items():
            if not path.is_file():
                raise self.missing(f'{path}: no such list of images (source {name!r}).')
            lines, there = 0, False
            with open(path, encoding='utf-8-sig', errors='surrogateescape') as stream:
                for line in stream:
                    file = line.rstrip('\r\n')
                    if file.strip():
                        status = status_of(self.path(name, file))
                        lines, there = lines + 1, there or status is not None
                        yield Listed(name, file, status)
            if not there:
                where = self.path(name, '').as_posix()
                raise UserError(f'{path}: ' + (f'none of its {lines} files is there; relative paths start at {where}. '
                                               'Set engine.ingest.root.' if lines else 'names no image.'))

    def path(self, source: str, file: str) -> Path:
        """See :meth:`FileSource.path`."""
        root = self.sources[source].parent if self.root is None else self.root
        return Path(os.path.join(root, file))

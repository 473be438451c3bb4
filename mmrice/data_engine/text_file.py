"""Captions and phrases by image file: JSON lines that are read one image at a time."""
import posixpath
from pathlib import Path
from typing import Any, Dict, List, Tuple

from mmrice.utils import UserError
from mmrice.utils.text_lines import parse_text_line


class TextFile:
    """JSON lines, one an image: ``{"file_name", "caption", "tags", "regions": [{"box", "phrase", "tags", "mask"}]}``.

    ``caption`` may be a list of sentences, ``tags`` are lists of names, a ``box`` is [x1, y1, x2, y2] in pixels of the
    image, ``mask`` is COCO's RLE or polygons. Each part of the engine reads the fields that it needs, further ones are
    ignored. In memory are the names of the images and where their lines begin, some 200 bytes each.

    Args:
        path: The file.
        where: Its place in the config, for messages.

    Raises:
        UserError: There is no such file, a line is no JSON object, or has no ``file_name``.
    """

    def __init__(self, path: str, where: str) -> None:
        self.path = text_file(path, where)
        self._places: Dict[str, List[Tuple[str, int]]] = {}
        with open(self.path, 'rb') as stream:
            start = stream.tell()
            for number, line in enumerate(stream, 1):
                if line.strip():
                    file = posixpath.normpath(self._parse(line, f'line {number}')['file_name'])
                    self._places.setdefault(posixpath.basename(file), []).append((file, start))
                start += len(line)

    def _parse(self, line: bytes, where: str) -> Dict[str, Any]:
        return parse_text_line(line, f'{self.path}: {where}')

    def find(self, file: str) -> Dict[str, Any]:
        """What the file says of an image.

        Args:
            file: As the file names it, or its last parts: 'patch8/1.jpg' finds 'images/v1/patch8/1.jpg'.

        Returns:
            dict: Empty where the file has no such image.

        Raises:
            UserError: Several images of the file end like this.
        """
        file = posixpath.normpath(file)
        places = self._places.get(posixpath.basename(file), [])
        found = [place for place in places if place[0] == file] or [
            place for place in places if place[0].endswith(f'/{file}')]
        if len(found) > 1:
            raise UserError(f'{self.path}: two images end with {file}: {found[0][0]} and {found[1][0]}. Let the source '
                            'of ingest begin higher up, or keep one line an image.')
        if not found:
            return {}
        with open(self.path, 'rb') as stream:
            stream.seek(found[0][1])
            return self._parse(stream.readline(), f'image {found[0][0]}')


def text_file(path: str, where: str) -> Path:
    """The path, checked.

    Raises:
        UserError: There is no such file.
    """
    if not Path(path).is_file():
        raise UserError(f'{path}: no such file of captions or phrases. Check {where} in the config.')
    return Path(path)


class TextFiles:
    """The :class:`TextFile` of each source of ingest; each is opened when its first image comes.

    Args:
        paths: Source name -> path. Images of other sources have no texts.
        where: Place in the config, for messages.
    """

    def __init__(self, paths: Dict[str, str], where: str) -> None:
        if not isinstance(paths, dict) or not paths:
            raise UserError(f'{where} is {paths!r}, expected a dict with a path for each source of ingest.')
        self.paths, self.where = dict(paths), where
        self._files: Dict[str, TextFile] = {}

    def fingerprint(self) -> List[str]:
        """Contents of the files."""
        from .workspace import file_digest
        return [f'{source} {file_digest(text_file(path, self.where))}' for source, path in self.paths.items()]

    def find(self, record: Dict[str, Any]) -> Dict[str, Any]:
        """What the file of an image's source says of it, see :meth:`TextFile.find`."""
        source = record['source']
        if source not in self.paths:
            return {}
        if source not in self._files:
            self._files[source] = TextFile(self.paths[source], self.where)
        return self._files[source].find(record['file'])

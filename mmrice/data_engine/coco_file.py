"""Read COCO annotation files of any size, one element at a time."""
import json
import re
from pathlib import Path
from typing import Any, Dict, Iterator, TextIO, Union

from mmrice.utils import UserError

_CHUNK = 1 << 20  # characters
_SPACE = re.compile(r'[ \t\n\r]*')


def iter_images(path: Union[str, Path]) -> Iterator[Dict[str, Any]]:
    """Yield ``images``; each has ``id`` and ``file_name``. Errors as in :func:`iter_list`."""
    yield from _with_fields(path, 'images', {'id': (int, str), 'file_name': str})


def iter_annotations(path: Union[str, Path]) -> Iterator[Dict[str, Any]]:
    """Yield ``annotations``; each has ``image_id`` and ``bbox``, a list. Errors as in :func:`iter_list`."""
    yield from _with_fields(path, 'annotations', {'image_id': (int, str), 'bbox': list})


def iter_categories(path: Union[str, Path]) -> Iterator[Dict[str, Any]]:
    """Yield ``categories``; each has ``id`` and ``name``. Errors as in :func:`iter_list`."""
    yield from _with_fields(path, 'categories', {'id': (int, str), 'name': str})


def _with_fields(path: Union[str, Path], name: str, fields: Dict[str, Any]) -> Iterator[Dict[str, Any]]:
    for number, element in enumerate(iter_list(path, name)):
        for field, kind in fields.items():
            if not isinstance(element, dict) or not isinstance(element.get(field), kind):
                raise UserError(f'{path}: {name}[{number}] has no {field!r}, or of a wrong type; expected COCO '
                                'detection annotations.')
        yield element


def iter_list(path: Union[str, Path], name: str) -> Iterator[Any]:
    """Yield the elements of a list at the top of a JSON file; memory holds one element and a few megabytes.

    Args:
        path: JSON, an object at the top.
        name: Key of the list. What comes behind it is not looked at.

    Raises:
        UserError: No such file, no such list, or no JSON as far as it was read.
    """
    if not Path(path).is_file():
        raise UserError(f'{path}: no such annotation file.')
    try:
        with open(path, encoding='utf-8-sig') as stream:
            yield from _Reader(stream).elements(name)
    except KeyError as error:
        raise UserError(f'{path}: field {error} is missing; expected COCO detection annotations.') from error
    except ValueError as error:
        raise UserError(f'{path}: no COCO detection annotations ({error}).') from error


class _Reader:
    """JSON values out of a stream that is read in chunks."""

    def __init__(self, stream: TextIO) -> None:
        self.stream, self.text, self.place, self.ended = stream, '', 0, False
        self.decode = json.JSONDecoder().raw_decode

    def elements(self, name: str) -> Iterator[Any]:
        """Elements of one list of the object."""
        self.take('{')
        while self.peek() != '}':
            key = self.value()
            self.take(':')
            if self.peek() == '[':  # lists are read over element by element
                for element in self.items():
                    if key == name:
                        yield element
                if key == name:
                    return
            else:
                self.value()
            if self.peek() != '}':
                self.take(',')
        raise KeyError(name)

    def items(self) -> Iterator[Any]:
        """Elements of the list that begins here."""
        self.take('[')
        while self.peek() != ']':
            yield self.value()
            if self.peek() != ']':
                self.take(',')
        self.take(']')

    def value(self) -> Any:
        """The value that begins here."""
        self.peek()
        while True:
            try:
                value, end = self.decode(self.text, self.place)
                if end + 2 < len(self.text) or self.ended:  # else a number may go on: '1' '.5', '1e-' '6'
                    self.place = end
                    return value
            except ValueError:
                if self.ended:
                    raise
            self.more()

    def peek(self) -> str:
        """The next character that is no white space, '' at the end."""
        while True:
            self.place = _SPACE.match(self.text, self.place).end()
            if self.place < len(self.text) or self.ended:
                return self.text[self.place:self.place + 1]
            self.more()

    def take(self, character: str) -> None:
        """Step over the next character."""
        if self.peek() != character:
            raise ValueError(f'expected {character!r}, found {self.peek() or "the end of the file"!r}')
        self.place += 1

    def more(self) -> None:
        """Read as much again as is there already: an element of n characters is tried log(n) times."""
        chunk = self.stream.read(max(_CHUNK, len(self.text) - self.place))
        self.text, self.place, self.ended = self.text[self.place:] + chunk, 0, not chunk

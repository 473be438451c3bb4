"""Boxes of a COCO annotation file by image file, xyxy, however large the file is."""
import fcntl
import json
import posixpath
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from mmrice.utils import UserError, atomic_path

from .coco_file import iter_annotations, iter_images
from .workspace import digest

_LAYOUT = 2  # of the index; a change makes old indexes unused
_TABLES = ('CREATE TABLE images (id, file, base, width, height)',
           'CREATE TABLE boxes (image, number, x1, y1, x2, y2, segmentation)')
_AFTERWARDS = ('CREATE INDEX by_base ON images (base)', 'CREATE INDEX by_image ON boxes (image)')


class ImageBoxes(NamedTuple):
    """Boxes of one image, unchecked, in the order of the file.

    Attributes:
        size: Width and height that the file states, px; None where it does not.
        boxes: (annotation id, [x1, y1, x2, y2] in px of an image of that size).
        segmentations: Of each box, as the file has it, None where it has none or the index was made without.
    """
    size: Optional[Tuple[float, float]]
    boxes: List[Tuple[Any, List[float]]]
    segmentations: List[Any]


def annotation_file(path: str, where: str = 'engine.propose.ann_files') -> Path:
    """The path, checked; ``where`` is its place in the config, for the message.

    Raises:
        UserError: There is no such file.
    """
    if not Path(path).is_file():
        raise UserError(f'{path}: no such annotation file. Check {where} in the config.')
    return Path(path)


class BoxIndex:
    """A COCO json as a SQLite table: the json is read once, as a stream, and a look-up reads one image.

    Args:
        path: COCO json with ``images`` (id, file_name) and ``annotations`` (image_id, bbox as x, y, width, height); ids
            may be numbers or strings. Annotations with ``iscrowd`` are left out: they are no single objects.
        folder: Where the index is kept; workers that come later, and later builds, read it while the json has the same
            size and date. None keeps it in memory. A million boxes are some 80 MB and take a quarter of a minute.
        segmentations: Whether those of the annotations are kept, too.

    Raises:
        UserError: No such file, no JSON, a field is missing or wrong, or an annotation is of no image.
    """

    def __init__(self, path: str, folder: Optional[Path] = None, segmentations: bool = False) -> None:
        self.path, self.segmentations = annotation_file(path), segmentations
        if folder is None:
            self._tables = sqlite3.connect(':memory:', check_same_thread=False)
            self._fill(self._tables)
            return
        stat, name = self.path.stat(), digest([str(self.path.resolve()), segmentations])
        index = folder / f'boxes-{name}-{digest([_LAYOUT, stat.st_size, stat.st_mtime_ns])}.sqlite'
        with open(folder / f'boxes-{name}.lock', 'w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # one worker reads the json, the others wait for its index
            if not index.is_file():
                for old in folder.glob(f'boxes-{name}-*.sqlite'):
                    old.unlink()
                with atomic_path(index) as temporary, closing(sqlite3.connect(temporary)) as tables:
                    self._fill(tables)
        self._tables = sqlite3.connect(f'{index.resolve().as_uri()}?mode=ro&immutable=1', uri=True,
                                       check_same_thread=False)

    def _fill(self, tables: sqlite3.Connection) -> None:
        tables.execute('PRAGMA journal_mode = OFF')
        tables.execute('PRAGMA synchronous = OFF')
        for command in _TABLES:
            tables.execute(command)
        tables.executemany('INSERT INTO images VALUES (?, ?, ?, ?, ?)', map(self._image_row, iter_images(self.path)))
        tables.executemany('INSERT INTO boxes VALUES (?, ?, ?, ?, ?, ?, ?)', self._box_rows())
        for command in _AFTERWARDS:
            tables.execute(command)
        lost = tables.execute('SELECT number, image FROM boxes WHERE image NOT IN (SELECT id FROM images)').fetchone()
        if lost:
            raise UserError(f'{self.path}: annotation {lost[0]} is of image {lost[1]!r}, which is not in its images.')
        tables.commit()

    def _image_row(self, image: Dict[str, Any]) -> tuple:
        file = posixpath.normpath(image['file_name'])
        width, height = (self._number(image.get(name) or 0, f'{name} of image {image["id"]}')
                         for name in ('width', 'height'))
        return str(image['id']), file, posixpath.basename(file), width, height

    def _box_rows(self) -> Iterator[tuple]:
        for number, annotation in enumerate(iter_annotations(self.path)):
            name = annotation.get('id', number)
            if self._number(annotation.get('iscrowd') or 0, f'iscrowd of annotation {name}'):
                continue
            box = [self._number(value, f'bbox of annotation {name}') for value in annotation['bbox']]
            if len(box) != 4:
                raise UserError(f'{self.path}: bbox of annotation {name} has {len(box)} numbers, expected x, y, width, '
                                'height.')
            x, y, width, height = box
            segmentation = json.dumps(annotation.get('segmentation')) if self.segmentations else None
            yield str(annotation['image_id']), name, x, y, x + width, y + height, segmentation

    def _number(self, value: Any, what: str) -> float:
        try:
            return float(value)
        except (ValueError, TypeError) as error:
            raise UserError(f'{self.path}: {what} is {value!r}, expected a number.') from error

    def find(self, file: str) -> ImageBoxes:
        """The boxes of an image.

        Args:
            file: As the json names it, or its last parts: 'patch8/1.jpg' finds 'images/v1/patch8/1.jpg'.

        Returns:
            ImageBoxes: Without boxes where the json has no such image.

        Raises:
            UserError: Several images of the json end like this.
        """
        file = posixpath.normpath(file)
        images = self._tables.execute('SELECT file, width, height, id FROM images WHERE base = ? ORDER BY rowid',
                                      (posixpath.basename(file),)).fetchall()
        same = [image for image in images if image[0] == file] or [
            image for image in images if image[0].endswith(f'/{file}')]
        if len({image[0] for image in same}) > 1:
            raise UserError(f'{self.path}: both {same[0][0]} and {same[1][0]} end with {file}. Let the source of '
                            'ingest begin higher up, so that its images have their folders in their names.')
        if not same:
            return ImageBoxes(None, [], [])
        found = [row for image in same for row in self._tables.execute(
            'SELECT number, x1, y1, x2, y2, segmentation FROM boxes WHERE image = ? ORDER BY rowid', (image[3],))]
        return ImageBoxes(same[0][1:3] if all(same[0][1:3]) else None, [(row[0], list(row[1:5])) for row in found],
                          [json.loads(row[5] or 'null') for row in found])


def box_error(box: Sequence[float], size: Sequence[Any]) -> Optional[str]:
    """What is wrong with a box, or None.

    Args:
        box: xyxy, px.
        size: Width and height of its image, px.
    """
    x1, y1, x2, y2 = box
    if not np.isfinite(box).all() or x2 <= x1 or y2 <= y1:
        return f'box {[round(v, 1) for v in box]} (xyxy) has no area.'
    if x2 <= 0 or y2 <= 0 or x1 >= size[0] or y1 >= size[1]:
        return f'box {[round(v, 1) for v in box]} (xyxy) lies outside its image of {size[0]:g} x {size[1]:g} px.'
    return None


def same_shape(size: Sequence[float], stated: Sequence[float]) -> bool:
    """Whether an image can be a resized version of one of the stated size: its short edge is as long as it should be,
    to one pixel."""
    long = int(stated[1] > stated[0])
    ratio = size[long] / stated[long]
    return abs(stated[1 - long] * ratio - size[1 - long]) <= 1

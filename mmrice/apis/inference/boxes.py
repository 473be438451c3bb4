"""Boxes as users give them: checked, and read from a command line or a file."""
import json
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple, Union

import numpy as np
from torch import Tensor

from mmrice.utils import UserError

Boxes = Union[np.ndarray, Tensor, Sequence[Sequence[float]]]


def check_boxes(boxes: Boxes, size: Tuple[int, int], name: str) -> np.ndarray:
    """Boxes of an image, cut off at its edges, shape (K, 4), float32.

    Args:
        boxes: xyxy, px.
        size: Width and height of the image, px.
        name: Of the image, for errors.

    Raises:
        UserError: Not of that shape, empty, not finite, or outside the image.
    """
    try:
        found = np.asarray(boxes, np.float32)
    except (ValueError, TypeError) as error:
        raise UserError(f'{name}: boxes are not numbers ({error}). Expected xyxy in px, shape (K, 4).') from error
    if found.size == 0:
        return np.zeros((0, 4), np.float32)
    if found.ndim != 2 or found.shape[1] != 4:
        raise UserError(f'{name}: boxes have shape {found.shape}, expected (K, 4), xyxy in px.')
    clipped = np.clip(found, 0, np.float32([*size, *size]))
    for row, (box, inside) in enumerate(zip(found, clipped)):
        if not np.isfinite(box).all() or box[2] <= box[0] or box[3] <= box[1]:
            raise UserError(f'{name}: box {row} is {box.tolist()}, expected x1 < x2 and y1 < y2, in px.')
        if inside[2] <= inside[0] or inside[3] <= inside[1]:
            raise UserError(f'{name}: box {row}, {box.tolist()}, lies outside the image of {size[0]} x {size[1]} px.')
    return clipped


def read_boxes(given: Sequence[str]) -> Callable[[Path], List[List[float]]]:
    """Read ``--boxes``.

    Args:
        given: 'x1,y1,x2,y2' any number of times, for every image; or the name of a JSON file with a list of boxes, or
            with {name of an image: list of boxes}.

    Returns:
        Callable: The boxes of an image, by its path as it was given, or else by its file name; without any there is a
        UserError.

    Raises:
        UserError: No such file, or not in that format.
    """
    words = ' '.join(given).split()
    if len(words) == 1 and ',' not in words[0]:
        content = _read_json(Path(words[0]))
        if isinstance(content, dict):
            return lambda path: _named(content, path, words[0])
        boxes = content
    else:
        boxes = [parse_box(word) for word in words]
    if not isinstance(boxes, list) or not boxes:
        raise UserError(f'--boxes {" ".join(given)}: holds no list of boxes.')
    return lambda path: boxes


def parse_box(text: str) -> List[float]:
    """A box out of 'x1,y1,x2,y2'.

    Raises:
        UserError: It is none.
    """
    try:
        box = [float(part) for part in text.split(',')]
    except ValueError:
        box = []
    if len(box) != 4:
        raise UserError(f'{text!r} is no box, expected x1,y1,x2,y2 in px of the image.')
    return box


def _read_json(path: Path) -> Any:
    if not path.is_file():
        raise UserError(f'--boxes {path}: no such file, and no box: expected x1,y1,x2,y2.')
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise UserError(f'{path}: is not valid JSON ({error}).') from error


def _named(content: Dict[str, Any], path: Path, file: str) -> Any:
    for key in (str(path), path.name):
        if key in content:
            return content[key]
    raise UserError(f'{path}: {file} has no boxes for it, neither as {str(path)!r} nor as {path.name!r}.')

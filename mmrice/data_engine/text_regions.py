"""Regions of files of JSON lines, with boxes in pixels of the stored image."""
from typing import Any, Dict, List, NamedTuple

import numpy as np

from mmrice.utils import UserError

from .boxes import clip_boxes
from .coco_boxes import box_error
from .text_file import TextFiles


class TextRegions(NamedTuple):
    """The regions of one image whose boxes can be right.

    Attributes:
        fields: What the file says of each of K regions.
        where: File, image and number of each, for messages.
        numbers: Of each among all regions of the image in the file, from 0.
        boxes: xyxy, px, inside the stored image, shape (K, 4), float32.
        invalid: How many regions were left out.
    """
    fields: List[Dict[str, Any]]
    where: List[str]
    numbers: List[int]
    boxes: np.ndarray
    invalid: int


def read_regions(files: TextFiles, record: Dict[str, Any], part: str, invalid: str = 'drop') -> TextRegions:
    """Find the regions of an image.

    Boxes are in pixels of the image as the source has it, upright; they are scaled where ingest made it smaller.

    Args:
        files: Of the part.
        record: What ingest noted about the image.
        part: The part's place in the config, for messages, e.g. 'engine.ground'.
        invalid: 'drop' counts and leaves out boxes that are inverted or outside their image, 'error' stops at them.

    Raises:
        UserError: A region is no object with a box of numbers.
    """
    found = TextRegions([], [], [], np.zeros((0, 4), np.float32), 0)
    boxes, dropped = [], 0
    for number, region in enumerate(files.find(record).get('regions') or []):
        where = f'{files.paths[record["source"]]}: region {number} of {record["file"]}'
        try:
            box = [float(value) for value in region['box']]
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f'{where}: {region!r} has no box of numbers.') from error
        problem = f'box has {len(box)} numbers, expected 4.' if len(box) != 4 else box_error(box, record['source_size'])
        if problem is None:
            found.fields.append(region)
            found.where.append(where)
            found.numbers.append(number)
            boxes.append(box)
        elif invalid == 'error':
            raise UserError(f"{where}: {problem} Set {part}.invalid='drop' to leave such boxes out, or fix the file.")
        else:
            dropped += 1
    width, height = record['size']
    ratio = np.array([now / was for now, was in zip(record['size'], record['source_size'])] * 2, np.float32)
    boxes_K4 = clip_boxes(np.array(boxes, np.float32).reshape(-1, 4) * ratio, (height, width))
    return found._replace(boxes=boxes_K4, invalid=dropped)

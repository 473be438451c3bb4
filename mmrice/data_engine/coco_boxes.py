"""Boxes of a COCO annotation file, xyxy, by image file."""
import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from mmrice.utils import UserError


def annotation_file(path: str) -> Path:
    """The path, checked.

    Raises:
        UserError: There is no such file.
    """
    if not Path(path).is_file():
        raise UserError(f'{path}: no such annotation file. Check engine.propose.ann_files in the config.')
    return Path(path)


def read_coco_boxes(path: str) -> Dict[str, List[Tuple[int, List[float]]]]:
    """Read the boxes of every image.

    Args:
        path: COCO json with ``images`` (id, file_name) and ``annotations`` (id, image_id, bbox as x, y, width, height).

    Returns:
        dict: file_name -> (annotation id, [x1, y1, x2, y2]) of its boxes, unchecked.

    Raises:
        UserError: No such file, no JSON, or a field is missing.
    """
    try:
        coco = json.loads(annotation_file(path).read_text(encoding='utf-8'))
        names = {image['id']: image['file_name'] for image in coco['images']}
        boxes: Dict[str, List[Tuple[int, List[float]]]] = {name: [] for name in names.values()}
        for number, annotation in enumerate(coco['annotations']):
            x, y, width, height = (float(value) for value in annotation['bbox'])
            boxes[names[annotation['image_id']]].append((annotation.get('id', number), [x, y, x + width, y + height]))
    except KeyError as error:
        raise UserError(f'{path}: field or image {error} is missing; expected COCO detection annotations.') from error
    except (ValueError, TypeError) as error:
        raise UserError(f'{path}: no COCO detection annotations ({error}).') from error
    return boxes


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
        return f'box {[round(v, 1) for v in box]} (xyxy) lies outside its image of {size[0]} x {size[1]} px.'
    return None

"""Annotations of a scene in COCO's instance and panoptic form and as a label map."""
from typing import Dict, List, Tuple

import numpy as np
from pycocotools import mask as coco_mask

from .backgrounds import STUFF
from .cutouts import THINGS
from .scene import Scene, box_of

# Label order of panoptic and semantic segmentation: things, then stuff. Category ids are the index plus 1.
CLASSES = (*THINGS, *STUFF)


def encode_mask(mask: np.ndarray) -> Dict:
    """Return a mask in COCO's compressed RLE, ready for json.

    Args:
        mask: bool, shape (H, W).
    """
    rle = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return dict(size=rle['size'], counts=rle['counts'].decode('ascii'))


def xywh(box: List[int]) -> List[int]:
    """Return an xyxy box as COCO's x, y, width, height."""
    return [box[0], box[1], box[2] - box[0], box[3] - box[1]]


def instances_of(scene: Scene, image_id: int) -> List[Dict]:
    """Return the COCO annotations of a scene's things, without ids."""
    annotations = []
    for number, thing in enumerate(scene.things):
        mask = scene.mask(number)
        annotations.append(dict(image_id=image_id, category_id=THINGS.index(thing.label) + 1,
                                bbox=xywh(box_of(mask)), area=int(mask.sum()), segmentation=encode_mask(mask),
                                name=thing.name, source=thing.source))
    return annotations


def label_map_of(scene: Scene) -> np.ndarray:
    """Return the index of the class seen at each pixel (order of :data:`CLASSES`), uint8, shape (H, W)."""
    labels = [THINGS.index(thing.label) for thing in scene.things]
    lookup = np.array([0, *labels], dtype=np.uint8)
    return np.where(scene.owner > 0, lookup[scene.owner], scene.stuff + len(THINGS)).astype(np.uint8)


def panoptic_of(scene: Scene) -> Tuple[np.ndarray, List[Dict]]:
    """Return the panoptic image and its segments.

    Returns:
        tuple: RGB with id = R + 256 G + 65536 B, uint8, shape (H, W, 3), and COCO's ``segments_info``: the things in
        drawing order have ids from 1, the stuff comes after.
    """
    ids = scene.owner.astype(np.int32)
    segments = [_segment(number + 1, THINGS.index(thing.label) + 1, scene.mask(number))
                for number, thing in enumerate(scene.things)]
    free = scene.owner == 0
    for kind in np.unique(scene.stuff[free]).tolist():
        mask = free & (scene.stuff == kind)
        ids[mask] = len(segments) + 1
        segments.append(_segment(len(segments) + 1, len(THINGS) + kind + 1, mask))
    return np.stack([ids % 256, ids // 256 % 256, ids // 65536], axis=-1).astype(np.uint8), segments


def _segment(number: int, category: int, mask: np.ndarray) -> Dict:
    return dict(id=number, category_id=category, area=int(mask.sum()), bbox=xywh(box_of(mask)), iscrowd=0)

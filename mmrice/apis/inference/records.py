"""Predictions as plain dicts that JSON can hold. Pure functions.

Boxes are xyxy in pixels of the image; masks are COCO's compressed RLE, ``{'size': [H, W], 'counts': str}``, which
pycocotools reads.
"""
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

Record = Dict[str, Any]


def encode_mask(mask_HW: np.ndarray) -> Record:
    """A binary mask as RLE."""
    from pycocotools.mask import encode
    rle = encode(np.asfortranarray(mask_HW, dtype=np.uint8))
    return dict(size=list(rle['size']), counts=rle['counts'].decode())


def decode_mask(rle: Record) -> np.ndarray:
    """The mask of an RLE, shape (H, W), bool."""
    from pycocotools.mask import decode
    return decode(dict(size=rle['size'], counts=rle['counts'].encode())).astype(bool)


def name_of(label: int, names: Optional[Sequence[str]]) -> str:
    """The name of a class; its number where there are no names."""
    return names[label] if names is not None and label < len(names) else str(label)


def instance_records(boxes_K4: np.ndarray, scores_K: np.ndarray, labels_K: np.ndarray,
                     names: Optional[Sequence[str]], masks_KHW: Optional[np.ndarray] = None) -> List[Record]:
    """Detected instances, in the order given.

    Args:
        boxes_K4: xyxy, px.
        scores_K: 0 to 1.
        labels_K: Class indices.
        names: Of the classes.
        masks_KHW: Binary masks. Defaults to None.

    Returns:
        list: Dicts with ``label``, ``name``, ``score`` and ``box``, and ``mask`` where there are masks.
    """
    records = []
    for number, (box, score, label) in enumerate(zip(boxes_K4, scores_K, labels_K)):
        record = dict(label=int(label), name=name_of(int(label), names), score=round(float(score), 6),
                      box=[round(float(value), 3) for value in box])
        if masks_KHW is not None:
            record['mask'] = encode_mask(masks_KHW[number])
        records.append(record)
    return records


def class_records(labels_HW: np.ndarray, names: Optional[Sequence[str]]) -> List[Record]:
    """The classes of a label map, by label: ``label``, ``name``, ``area`` (px) and ``mask``; 255 is left out."""
    records = []
    for label in np.unique(labels_HW).tolist():
        if label != 255:
            mask = labels_HW == label
            records.append(dict(label=label, name=name_of(label, names), area=int(mask.sum()), mask=encode_mask(mask)))
    return records


def segment_records(ids_HW: np.ndarray, offset: int, num_things: int, num_classes: int,
                    names: Optional[Sequence[str]]) -> List[Record]:
    """The segments of a panoptic map.

    Args:
        ids_HW: class + ``offset`` * number of the instance.
        offset: Between instances of a class.
        num_things: Classes below it are things.
        num_classes: This class is void, which is left out.
        names: Of the classes.

    Returns:
        list: Dicts with ``label``, ``name``, ``is_thing``, ``area`` (px) and ``mask``.
    """
    records = []
    for number in np.unique(ids_HW).tolist():
        label = number % offset
        if label < num_classes:
            mask = ids_HW == number
            records.append(dict(label=label, name=name_of(label, names), is_thing=label < num_things,
                                area=int(mask.sum()), mask=encode_mask(mask)))
    return records


def score_records(scores_K: np.ndarray, names: Optional[Sequence[str]], top: int = 5) -> List[Record]:
    """The best classes of an image, best first: ``label``, ``name`` and ``score``."""
    best = np.argsort(-np.asarray(scores_K, np.float64), kind='stable')[:top]
    return [dict(label=int(label), name=name_of(int(label), names), score=round(float(scores_K[label]), 6))
            for label in best]

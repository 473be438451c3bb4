"""COCO's segmentations as pixels, and back."""
from typing import Any, Tuple

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from mmrice.utils.rle import decode_rle

Size = Tuple[int, int]  # height, width, px


def decode_segmentation(segmentation: Any, size: Size) -> np.ndarray:
    """Pixels of a segmentation.

    Args:
        segmentation: Compressed or uncompressed RLE, or a list of polygons [x1, y1, x2, y2, ...].
        size: Of the image that polygons are for.

    Returns:
        np.ndarray: bool, shape (H, W); of an RLE of its own size.

    Raises:
        ValueError: It is nothing of these, or an RLE whose runs do not fill its size.
    """
    try:
        if isinstance(segmentation, dict):
            (height, width), counts = segmentation['size'], segmentation['counts']
            if isinstance(counts, list):
                counts = coco_mask.frPyObjects(segmentation, height, width)['counts'].decode()
            mask = decode_rle(counts, (height, width))
            if mask is None:
                raise ValueError(f'its runs do not fill {width} x {height} px')
        else:
            if not all(len(polygon) >= 6 and len(polygon) % 2 == 0 for polygon in segmentation):
                raise ValueError('a polygon needs three points, x and y of each')
            mask = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(segmentation, *size)))
    except Exception as error:  # pycocotools raises all kinds
        raise ValueError(str(error) or repr(error)) from error
    return mask.astype(bool)


def encode_mask(mask_HW: np.ndarray) -> str:
    """Counts of COCO's compressed RLE."""
    return coco_mask.encode(np.asfortranarray(mask_HW, np.uint8))['counts'].decode()


def resize_mask(mask_HW: np.ndarray, size: Size) -> np.ndarray:
    """A mask for the same image in another size; a pixel is in where its centre is."""
    if mask_HW.shape == tuple(size):
        return mask_HW
    return cv2.resize(mask_HW.astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST_EXACT).astype(bool)

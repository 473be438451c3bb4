"""Images and boxes at the size of a network's input."""
from typing import NamedTuple, Optional, Tuple

import cv2
import numpy as np


class Prepared(NamedTuple):
    """An image at the size of the network's input, (H, W, 3) uint8, and its boxes there, (K, 4) float32."""
    image: np.ndarray
    boxes: np.ndarray


def fit(image: np.ndarray, boxes_K4: np.ndarray, size: Tuple[int, int], pad_val: Optional[int] = None) -> Prepared:
    """Resize an image and its boxes as the training pipelines do (``RegionResize``, ``RegionLetterbox``).

    As there, an image that is more than twice as large is first averaged, by 2, 4 or 8, then resized bilinearly.

    Args:
        image: RGB, uint8, shape (H, W, 3).
        boxes_K4: xyxy, px.
        size: Width and height of the result, px.
        pad_val: Keep the aspect, put the image in the middle and fill up with this grey; None warps the image.
    """
    from mmrice.datasets.transforms.decoding import reduction_for
    height, width = image.shape[:2]
    new = size
    if pad_val is not None:
        ratio = min(size[0] / width, size[1] / height)
        new = tuple(min(most, max(1, round(side * ratio))) for side, most in zip((width, height), size))
    step = reduction_for((0, 0, width, height), new)
    if step > 1:
        image = cv2.resize(image, (-(-width // step), -(-height // step)), interpolation=cv2.INTER_AREA)
    resized = cv2.resize(image, new, interpolation=cv2.INTER_LINEAR)
    boxes = np.asarray(boxes_K4, np.float32) * np.float32([new[0] / width, new[1] / height] * 2)
    if new == tuple(size):
        return Prepared(resized, boxes)
    left, top = (size[0] - new[0]) // 2, (size[1] - new[1]) // 2
    frame = np.full((size[1], size[0], 3), pad_val, np.uint8)
    frame[top:top + new[1], left:left + new[0]] = resized
    return Prepared(frame, boxes + np.float32([left, top] * 2))


def size_for(image_size: Tuple[int, int], long_edge: int, multiple: int) -> Tuple[int, int]:
    """The input size that keeps the aspect of an image as far as patches allow.

    Args:
        image_size: Width and height, px.
        long_edge: Of the result, px, before it is rounded.
        multiple: What both sides are divisible by, at least once: the patch, px.

    Returns:
        tuple: Width and height, px.
    """
    scale = long_edge / max(image_size)
    return tuple(max(1, round(side * scale / multiple)) * multiple for side in image_size)

"""Regions as small pictures of their own, and vectors of length one. Pure functions."""
import cv2
import numpy as np


def crop_regions(image: np.ndarray, boxes_K4: np.ndarray, size: int, pad: float = 0.) -> np.ndarray:
    """Cut regions out and resize them to a square: aspect is not kept, as in RoI pooling, and nothing is cut off.

    An axis that shrinks is averaged over areas, one that grows is interpolated linearly.

    Args:
        image: RGB, uint8, shape (H, W, 3).
        boxes_K4: xyxy inside the image, px.
        size: Side of the result, px.
        pad: Context: a box grows on each side by this fraction of its width or height, as far as the image goes.

    Returns:
        np.ndarray: shape (K, size, size, 3), uint8.
    """
    crops = np.empty((len(boxes_K4), size, size, 3), np.uint8)
    for crop, box in zip(crops, boxes_K4):
        crop[:] = _resize(cut_out(image, box, pad), size)
    return crops


def cut_out(image: np.ndarray, box: np.ndarray, pad: float = 0.) -> np.ndarray:
    """The pixels that a box touches, at least one; see :func:`crop_regions`."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = np.asarray(box, np.float64)
    dx, dy = pad * (x2 - x1), pad * (y2 - y1)
    left, right = _pixels(x1 - dx, x2 + dx, width)
    top, bottom = _pixels(y1 - dy, y2 + dy, height)
    return image[top:bottom, left:right]


def _pixels(low: float, high: float, length: int) -> tuple:
    """The pixels that an interval touches, at least one, inside ``range(length)``."""
    start = min(max(int(np.floor(low)), 0), length - 1)
    return start, max(min(int(np.ceil(high)), length), start + 1)


def _resize(part: np.ndarray, size: int) -> np.ndarray:
    smaller = min(part.shape[1], size), min(part.shape[0], size)
    if smaller != part.shape[1::-1]:
        part = cv2.resize(part, smaller, interpolation=cv2.INTER_AREA)
    return part if smaller == (size, size) else cv2.resize(part, (size, size), interpolation=cv2.INTER_LINEAR)


def normalise(features_KD: np.ndarray) -> np.ndarray:
    """Rows of length one (zero rows stay zero), float16."""
    features = np.asarray(features_KD, np.float32)
    return (features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)).astype(np.float16)

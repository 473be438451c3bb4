"""Decode a JPEG, and where only a small picture of a part is wanted, no finer than that takes."""
from typing import Optional, Tuple

import cv2
import numpy as np

Crop = Tuple[int, int, int, int]

_FLAGS = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4,
          8: cv2.IMREAD_REDUCED_COLOR_8}
_NO_FRAME = (0xc4, 0xc8, 0xcc)  # among the markers of frames: tables
_START, _END = b'\xff\xd8', b'\xff\xd9'


def jpeg_size(content: bytes) -> Optional[Tuple[int, int]]:
    """Height and width of a JPEG in pixels, out of its header, or None where it is none."""
    if content[:2] != _START:
        return None
    place = 2
    while place + 9 <= len(content) and content[place] == 0xff:
        marker = content[place + 1]
        if marker == 0xff:  # a fill byte
            place += 1
            continue
        if 0xc0 <= marker <= 0xcf and marker not in _NO_FRAME:
            height, width = (int.from_bytes(content[place + start:place + start + 2], 'big') for start in (5, 7))
            return (height, width) if height and width else None
        if marker == 0xda:  # the pixels
            return None
        place += 2 + int.from_bytes(content[place + 2:place + 4], 'big')
    return None


def is_cut_off(content: bytes) -> bool:
    """Whether a JPEG lacks its end; OpenCV would paint the rest of it grey."""
    return content[:2] == _START and _END not in content[-64:]


def decode(content: bytes, reduction: int = 1) -> Optional[np.ndarray]:
    """Decode an image as it is stored: its EXIF orientation is ignored, since boxes refer to the stored pixels.

    Args:
        content: The file.
        reduction: 1, 2, 4 or 8: let the codec divide both sides by it, rounded up.

    Returns:
        np.ndarray: uint8, (H, W, 3), BGR, or None where it cannot be decoded.
    """
    try:
        return cv2.imdecode(np.frombuffer(content, np.uint8), _FLAGS[reduction] | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:  # an empty file
        return None


def reduction_for(crop: Crop, size: Tuple[int, int]) -> int:
    """The most that an image may be reduced by when it is decoded, so that the crop keeps at least the size wanted.

    Args:
        crop: xyxy in pixels.
        size: Width and height in pixels.
    """
    room = min((crop[2] - crop[0]) // size[0], (crop[3] - crop[1]) // size[1])
    return 8 if room >= 8 else 4 if room >= 4 else 2 if room >= 2 else 1


def widened(crop: Crop, size: Tuple[int, int], limit: Tuple[int, int]) -> Crop:
    """A crop whose edges lie on those of the pixels of the image as it will be reduced.

    Args:
        crop: xyxy in pixels of the whole image.
        size: Width and height wanted, in pixels.
        limit: Width and height of the image in pixels.

    Returns:
        tuple: The crop, each edge moved out by less than :func:`reduction_for` it, but not past the image's.
    """
    step = reduction_for(crop, size)
    if step == 1:
        return crop
    left, top, right, bottom = crop
    return (left // step * step, top // step * step,
            min(-(-right // step) * step, limit[0]), min(-(-bottom // step) * step, limit[1]))


def cut(results: dict, crop: Crop, size: Tuple[int, int]) -> Optional[np.ndarray]:
    """The crop of a sample's image at another size, bilinear.

    An image that has not been decoded yet (``jpeg`` in place of ``img``) is now, reduced as far as possible. The
    rectangle is exact either way. The codec reduces by averaging, so pixels differ from those of the whole image where
    that has detail finer than the result can show.

    Args:
        results: With ``img`` or ``jpeg``.
        crop: xyxy in pixels of the whole image.
        size: Width and height of the result in pixels.

    Returns:
        np.ndarray: uint8, (height, width, 3), BGR, or None where the image cannot be decoded.
    """
    left, top, right, bottom = crop
    image, reduction = results.get('img'), 1
    if image is None:
        reduction = reduction_for(crop, size)
        image = decode(results['jpeg'], reduction)
        if image is None:
            return None
    if not (left | top | right | bottom) & (reduction - 1):  # all are multiples of it
        left, top, right, bottom = left // reduction, top // reduction, right // reduction, bottom // reduction
        return cv2.resize(image[top:bottom, left:right], size, interpolation=cv2.INTER_LINEAR)
    # where the centre of each new pixel lies in the reduced image: resize cannot start between two of its pixels
    step_x, step_y = (right - left) / size[0] / reduction, (bottom - top) / size[1] / reduction
    place = np.array([[step_x, 0, left / reduction + (step_x - 1) / 2],
                      [0, step_y, top / reduction + (step_y - 1) / 2]])
    return cv2.warpAffine(image, place, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                          borderMode=cv2.BORDER_REPLICATE)

"""Masks as run lengths, COCO's compressed form, with the check that pycocotools leaves out."""
from typing import List, Optional, Tuple

import numpy as np


def rle_runs(counts: str) -> List[int]:
    """Lengths of the runs of a mask, the first one of zeros.

    Args:
        counts: COCO's compressed counts: five bits a character, lowest first, from the third run on as differences to
            the run before the last.

    Returns:
        list: Empty for a string that ends within a number.
    """
    runs: List[int] = []
    value = shift = 0
    for code in counts.encode():
        code -= 48
        value |= (code & 0x1f) << shift
        shift += 5
        if code & 0x20:
            continue
        if code & 0x10:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    return [] if shift else runs


def decode_rle(counts: str, size: Tuple[int, int]) -> Optional[np.ndarray]:
    """A mask's pixels; pycocotools reads past the end of its memory where they are not of this size.

    Args:
        counts: See :func:`rle_runs`.
        size: Height and width in pixels.

    Returns:
        np.ndarray: 0 or 1, uint8, shape (H, W), or None where the runs do not fill it.
    """
    runs = rle_runs(counts)
    if not runs or min(runs) < 0 or sum(runs) != size[0] * size[1]:
        return None
    pixels = np.repeat((np.arange(len(runs)) % 2).astype(np.uint8), runs)
    return pixels.reshape(size[1], size[0]).T

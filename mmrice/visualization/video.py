"""Frames of a video."""
from pathlib import Path
from typing import List, Tuple

import cv2
import numpy as np

from mmrice.utils import UserError

SUFFIXES = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v')


def read_frames(path: Path, count: int) -> List[Tuple[int, np.ndarray]]:
    """Frames that are evenly spaced over a video, the first and the last included.

    Args:
        path: Of a format that OpenCV reads.
        count: At most so many.

    Returns:
        list: (number of the frame, RGB, uint8, shape (H, W, 3)).

    Raises:
        UserError: No frame can be read.
    """
    capture = cv2.VideoCapture(str(path))
    total = _count(path)
    wanted = set(np.linspace(0, max(total - 1, 0), min(count, max(total, 1))).round().astype(int).tolist())
    frames = []
    for number in range(total):
        if not capture.grab():
            break
        if number in wanted:
            good, frame = capture.retrieve()
            if good:
                frames.append((number, cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)))
    capture.release()
    if not frames:
        raise UserError(f'{path}: OpenCV reads no frame of it.')
    return frames


def _count(path: Path) -> int:
    """Number of frames; by reading them, since headers are often wrong."""
    capture, number = cv2.VideoCapture(str(path)), 0
    while capture.grab():
        number += 1
    capture.release()
    return number

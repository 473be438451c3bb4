"""Pictures in rows and columns, and heat maps on images."""
from typing import List, Sequence, Tuple

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

_GAP, _TEXT = 6, 18  # px


def fit_width(picture: np.ndarray, width: int, cells: bool = False) -> np.ndarray:
    """Resize a picture, keeping its aspect.

    Args:
        picture: RGB, uint8, shape (H, W, 3).
        width: px.
        cells: Keep the edges of pixels sharp.
    """
    height = max(1, round(width * picture.shape[0] / picture.shape[1]))
    resample = Image.NEAREST if cells else Image.LANCZOS
    return np.asarray(Image.fromarray(picture).resize((width, height), resample))


def tile(stacks: Sequence[Tuple[str, Sequence[np.ndarray]]], columns: int) -> np.ndarray:
    """Lay out stacks of pictures, from left to right and then down.

    Args:
        stacks: (caption, pictures of one width that lie below each other), all stacks of the same width; at least one.
        columns: Stacks in a row.

    Returns:
        np.ndarray: RGB, uint8, white between the pictures.
    """
    cells = [_stack(caption, pictures) for caption, pictures in stacks]
    rows: List[np.ndarray] = []
    for start in range(0, len(cells), columns):
        row = cells[start:start + columns]
        height, width = max(map(len, row)) + _GAP, row[0].shape[1] + _GAP
        canvas = np.full((height, min(columns, len(cells)) * width, 3), 255, np.uint8)
        for place, cell in enumerate(row):
            canvas[:len(cell), place * width:place * width + cell.shape[1]] = cell
        rows.append(canvas)
    return np.concatenate(rows)[:-_GAP, :-_GAP]


def _stack(caption: str, pictures: Sequence[np.ndarray]) -> np.ndarray:
    width = pictures[0].shape[1]
    gap = np.full((2, width, 3), 255, np.uint8)
    parts = [part for picture in pictures for part in (picture, gap)]
    label = Image.new('RGB', (width, _TEXT), 'white')
    ImageDraw.Draw(label).text((2, 1), caption, font=ImageFont.load_default(12), fill=(60, 60, 60))
    return np.concatenate([*parts, np.asarray(label)])


def heat(image: np.ndarray, weights_hw: np.ndarray) -> np.ndarray:
    """Lay attention weights over a darkened image: black to yellow, the largest weight brightest; 0 leaves it dark.

    Args:
        image: RGB, uint8, shape (H, W, 3).
        weights_hw: >= 0, shape (h, w), of the patches that divide the image evenly.

    Returns:
        np.ndarray: RGB, uint8, shape (H, W, 3).
    """
    share = weights_hw / max(float(weights_hw.max()), 1e-12)
    colors = cv2.applyColorMap((255 * share).round().astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    size = image.shape[1::-1]
    colors, inside = (cv2.resize(np.ascontiguousarray(one), size, interpolation=cv2.INTER_NEAREST)
                      for one in (colors, (weights_hw > 0).astype(np.uint8)))
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None] * 0.45
    mixed = np.where(inside[..., None] > 0, 0.35 * grey / 0.45 + 0.65 * colors, grey)
    return np.broadcast_to(mixed, image.shape).round().clip(0, 255).astype(np.uint8)

"""A scene being composed: pixels, and for every pixel the stuff and the thing that is seen there."""
from dataclasses import dataclass, field
from typing import List, Optional, Tuple

import numpy as np
from PIL import Image

from .cutouts import CutOut


@dataclass
class Thing:
    """One object or word in a scene.

    Args:
        label: Thing class.
        name: What a caption calls it; the text itself for a word.
        source: Where the pixels are from; None for a rendered word.
        full_area: Pixels of it inside the image, were nothing in front of it.
        polygon: Corners of a word's plate, (x, y) in pixels, shape (4, 2); None for objects.
    """
    label: str
    name: str
    source: Optional[str]
    full_area: int
    polygon: Optional[np.ndarray] = None


@dataclass
class Scene:
    """Pixels and labels of one image.

    Args:
        pixels: uint8, shape (H, W, 3).
        stuff: Index of the stuff class, uint8, shape (H, W).
        owner: Number of the thing that is seen, int16, shape (H, W); 0 is none, n is ``things[n - 1]``.
        things: In the order of drawing, the last is in front.
    """
    pixels: np.ndarray
    stuff: np.ndarray
    owner: np.ndarray
    things: List[Thing] = field(default_factory=list)

    def mask(self, number: int) -> np.ndarray:
        """Return the visible mask of ``things[number]``, bool, shape (H, W)."""
        return self.owner == number + 1

    def place(self, layer: Image.Image, mask: Image.Image, corner: Tuple[int, int], thing: Thing,
              min_visible: float, min_area: int = 48) -> bool:
        """Draw a thing in front of all others, unless that hides one of them too much.

        Args:
            layer: RGBA pixels.
            mask: Mode 'L' of the same size; the thing covers what is over 127.
            corner: Where the layer's top left comes to lie, (x, y); may be outside the image.
            thing: What it is; its ``full_area`` is set here.
            min_visible: Every thing must keep this fraction of its ``full_area`` visible, and the new one must have
                this fraction of its mask inside the image.
            min_area: Every thing must keep this many visible pixels.

        Returns:
            bool: Whether it was drawn; if not, the scene is unchanged.
        """
        height, width = self.owner.shape
        canvas = Image.new('L', (width, height))
        canvas.paste(mask, corner)
        covered = np.asarray(canvas) > 127
        area = int(covered.sum())
        if area < max(min_area, min_visible * int((np.asarray(mask) > 127).sum())):
            return False
        if not self._others_stay_visible(covered, min_visible, min_area):
            return False
        picture = Image.fromarray(self.pixels)
        picture.paste(layer.convert('RGB'), corner, layer.getchannel('A'))
        self.pixels = np.array(picture)
        thing.full_area = area
        self.things.append(thing)
        self.owner[covered] = len(self.things)
        return True

    def _others_stay_visible(self, covered: np.ndarray, min_visible: float, min_area: int) -> bool:
        left = np.bincount(self.owner[~covered], minlength=len(self.things) + 1)
        return all(area >= max(min_area, min_visible * thing.full_area)
                   for area, thing in zip(left[1:], self.things))


def box_of(mask: np.ndarray) -> List[int]:
    """Return the extent of a mask, xyxy in pixels (x2 and y2 are one past the last pixel).

    Args:
        mask: bool, shape (H, W), not empty.
    """
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    return [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1]


def turn_cutout(cutout: CutOut, long_side: int, angle: float, mirror: bool, gain: float) -> Image.Image:
    """Return a cut-out scaled, turned and brightened, as RGBA with a soft edge.

    Args:
        cutout: The object.
        long_side: Longer side in pixels before turning.
        angle: Degrees, counter-clockwise.
        mirror: Whether to mirror left and right.
        gain: Factor on the brightness.
    """
    pixels = cutout.pixels
    scale = long_side / max(pixels.size)
    size = tuple(max(1, round(side * scale)) for side in pixels.size)
    pixels = pixels.resize(size, Image.LANCZOS if scale < 1 else Image.BICUBIC)
    if mirror:
        pixels = pixels.transpose(Image.FLIP_LEFT_RIGHT)
    if angle:
        pixels = pixels.rotate(angle, resample=Image.BICUBIC, expand=True)
    alpha = pixels.getchannel('A')
    bright = pixels.convert('RGB').point(lambda value: min(255, round(value * gain)))
    bright.putalpha(alpha)
    return bright

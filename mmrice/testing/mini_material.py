"""Drawn stand-ins for the cut-outs and backgrounds of the mini scenes, so that tests need no download."""
from typing import List, Tuple

import numpy as np
from PIL import Image, ImageDraw

from mmrice.datasets.mini.backgrounds import STUFF, Background
from mmrice.datasets.mini.cutouts import THINGS, CutOut


def drawn_material(side: int = 60) -> Tuple[List[CutOut], List[Background]]:
    """Return two ellipses of each class for each split, and a noise background of each stuff for each split.

    Args:
        side: Longer side of a cut-out in pixels.
    """
    rng = np.random.default_rng(0)
    cutouts, backgrounds = [], []
    for split in ('train', 'val'):
        for label in THINGS[:-1]:
            for index in range(2):
                pixels = Image.new('RGBA', (side, side * 2 // 3))
                colour = (*rng.integers(0, 256, size=3).tolist(), 255)
                ImageDraw.Draw(pixels).ellipse([0, 0, pixels.width - 1, pixels.height - 1], fill=colour)
                cutouts.append(CutOut(label, label, split, f'drawn:{split}-{label}#{index}', pixels))
        for kind in STUFF:
            noise = rng.integers(0, 256, size=(64, 64, 3), dtype=np.uint8)
            backgrounds.append(Background(kind, split, f'drawn:{split}-{kind}', Image.fromarray(noise)))
    return cutouts, backgrounds

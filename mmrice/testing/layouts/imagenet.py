"""The layout of ImageNet-1k: folders of classes, and lists that say which are there."""
from pathlib import Path
from typing import Dict, Sequence

import numpy as np
from PIL import Image


def write_imagenet(root: Path, counts: Dict[str, int], classes: int = 4, side: int = 40) -> None:
    """Write ``data/imagenet``: noisy pictures of one colour a class, and the ``meta`` that MMPretrain reads.

    Args:
        root: The folder to be made.
        counts: Pictures of each class in each split, by 'train' and 'val'.
        classes: How many of ImageNet's 1000 have pictures. Defaults to 4.
        side: Shorter side of the pictures, px; the other is a quarter longer. Defaults to 40.
    """
    rng = np.random.default_rng(0)
    colours = rng.permutation(np.linspace(20, 235, 3 * classes)).reshape(classes, 3)
    (root / 'meta').mkdir(parents=True)
    for split, count in counts.items():
        lines = []
        for number, colour in enumerate(colours):
            for picture in range(count):
                name = f'n{number:08d}/{split}_{picture}.JPEG'
                write_noise(root / split / name, colour, rng, (side, side * 5 // 4))
                lines.append(f'{name} {number}\n')
        (root / 'meta' / f'{split}.txt').write_text(''.join(lines))


def write_noise(path: Path, colour: Sequence[float], rng: np.random.Generator, shape: Sequence[int]) -> None:
    """Write a noisy picture of one colour.

    Args:
        path: The file; its folder is made.
        colour: RGB, 0 to 255.
        rng: Of the noise.
        shape: Height and width, px.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.asarray(colour) + rng.uniform(-20, 20, (*shape, 3))
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path, 'JPEG', quality=92)

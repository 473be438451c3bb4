"""The layout of the In-shop Clothes Retrieval Benchmark of DeepFashion."""
from pathlib import Path

import numpy as np

from .imagenet import write_noise


def write_inshop(root: Path, items: int = 6, side: int = 40) -> None:
    """Write ``data/inshop``: of each item a noisy picture of its colour as query, and two in the gallery.

    Args:
        root: The folder to be made.
        items: How many; one more has pictures to train on. Defaults to 6.
        side: Of the pictures, px. Defaults to 40.
    """
    rng = np.random.default_rng(0)
    colours = rng.permutation(np.linspace(20, 235, 3 * (items + 1))).reshape(-1, 3)
    lines = []
    for number, colour in enumerate(colours, 1):
        for picture, status in enumerate(('query', 'gallery', 'gallery') if number <= items else ('train', 'train')):
            name = f'img/WOMEN/Dresses/id_{number:08d}/{picture:02d}_1_front.jpg'
            write_noise(root / 'Img' / name, colour, rng, (side, side))
            lines.append(f'{name} id_{number:08d} {status}')
    (root / 'Eval').mkdir()
    head = [str(len(lines)), 'image_name item_id evaluation_status']
    (root / 'Eval' / 'list_eval_partition.txt').write_text('\n'.join(head + lines) + '\n')

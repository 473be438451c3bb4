"""Label maps of the drawn scenes, for the layouts of semantic segmentation."""
from pathlib import Path
from typing import Callable, Iterator, Tuple

import numpy as np
from PIL import Image

IGNORED = 255


def samples(scenes: Path, split: str) -> Iterator[Tuple[str, Image.Image, np.ndarray]]:
    """Yield name, picture and label map of each scene.

    Args:
        scenes: Folder that :func:`mmrice.datasets.mini.scenes.write_scenes` wrote.
        split: 'train' or 'val'.

    Yields:
        tuple: The stem of the file; the picture; labels from 0 on, shape (H, W), uint8, whose first pixel is ignored
        (255), so that a layout shows what it does with such.
    """
    for path in sorted((scenes / split).glob('*.jpg')):
        labels = np.array(Image.open(scenes / 'seg' / split / f'{path.stem}.png'))
        labels[0, 0] = IGNORED
        yield path.stem, Image.open(path), labels


def write_pairs(scenes: Path, root: Path, split: str, image: str, label: str,
                convert: Callable[[np.ndarray], np.ndarray] = lambda labels: labels) -> None:
    """Write the pictures and label maps of a split.

    Args:
        scenes: As for :func:`samples`.
        root: The folder of the layout.
        split: 'train' or 'val'.
        image: The file of a picture; '{stem}' stands for the name of its scene.
        label: The file of its label map, likewise.
        convert: Labels of the scenes -> labels of the dataset. Defaults to none of it.
    """
    for stem, picture, labels in samples(scenes, split):
        for name, content in ((image, picture), (label, Image.fromarray(convert(labels)))):
            path = root / name.format(stem=stem)
            path.parent.mkdir(parents=True, exist_ok=True)
            content.save(path)


def from_one(labels: np.ndarray) -> np.ndarray:
    """Labels that count from 1, where 0 is what the datasets ignore: 255 before."""
    return labels + np.uint8(1)

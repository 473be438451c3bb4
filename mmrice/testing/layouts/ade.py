"""The layout of ADE20K's scene parsing challenge."""
from pathlib import Path

from .labels import from_one, write_pairs


def write_ade(scenes: Path, root: Path) -> None:
    """Write ``data/ade/ADEChallengeData2016``; label maps count from 1, 0 is nothing.

    Args:
        scenes: Folder that :func:`mmrice.datasets.mini.scenes.write_scenes` wrote.
        root: The folder to be made.
    """
    for split, folder in (('train', 'training'), ('val', 'validation')):
        write_pairs(scenes, root, split, f'images/{folder}/ADE_{split}_{{stem}}.jpg',
                    f'annotations/{folder}/ADE_{split}_{{stem}}.png', from_one)

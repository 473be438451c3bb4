"""The layout of Cityscapes, with the label maps of 19 classes that cityscapesscripts makes."""
from pathlib import Path

from .labels import write_pairs


def write_cityscapes(scenes: Path, root: Path) -> None:
    """Write ``data/cityscapes``: one city a split.

    Args:
        scenes: Folder that :func:`mmrice.datasets.mini.scenes.write_scenes` wrote.
        root: The folder to be made.
    """
    for split, city in (('train', 'aachen'), ('val', 'munster')):
        write_pairs(scenes, root, split, f'leftImg8bit/{split}/{city}/{city}_{{stem}}_000019_leftImg8bit.png',
                    f'gtFine/{split}/{city}/{city}_{{stem}}_000019_gtFine_labelTrainIds.png')

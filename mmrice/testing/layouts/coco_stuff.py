"""The layout of COCO-Stuff 164k."""
from pathlib import Path

from .labels import write_pairs


def write_coco_stuff(scenes: Path, root: Path) -> None:
    """Write ``data/coco_stuff164k``: ids of training from 0 on, 255 is nothing.

    Args:
        scenes: Folder that :func:`mmrice.datasets.mini.scenes.write_scenes` wrote.
        root: The folder to be made.
    """
    for split in ('train', 'val'):
        write_pairs(scenes, root, split, f'images/{split}2017/{{stem}}.jpg',
                    f'annotations/{split}2017/{{stem}}_labelTrainIds.png')

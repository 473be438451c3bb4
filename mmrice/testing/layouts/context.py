"""The layout of PASCAL Context."""
from pathlib import Path

from .labels import from_one, write_pairs


def write_context(scenes: Path, root: Path) -> None:
    """Write ``data/VOCdevkit/VOC2010``; label maps count from 1, 0 is the background.

    Args:
        scenes: Folder that :func:`mmrice.datasets.mini.scenes.write_scenes` wrote.
        root: The folder to be made.
    """
    lists = root / 'ImageSets' / 'SegmentationContext'
    lists.mkdir(parents=True)
    for split in ('train', 'val'):
        write_pairs(scenes, root, split, f'JPEGImages/{split}_{{stem}}.jpg',
                    f'SegmentationClassContext/{split}_{{stem}}.png', from_one)
        names = [f'{split}_{path.stem}\n' for path in sorted((scenes / split).glob('*.jpg'))]
        (lists / f'{split}.txt').write_text(''.join(names))

"""The layout of PASCAL VOC 2012 with the augmented set."""
from pathlib import Path

from .labels import write_pairs


def write_voc(scenes: Path, root: Path) -> None:
    """Write ``data/VOCdevkit/VOC2012``: the first training scene is VOC's, the others are the augmented set's.

    Both folders have all label maps, as where the augmented set was merged; the lists choose.

    Args:
        scenes: Folder that :func:`mmrice.datasets.mini.scenes.write_scenes` wrote.
        root: The folder to be made.
    """
    lists = root / 'ImageSets' / 'Segmentation'
    lists.mkdir(parents=True)
    for split in ('train', 'val'):
        for folder in ('SegmentationClass', 'SegmentationClassAug'):
            write_pairs(scenes, root, split, f'JPEGImages/2012_{split}_{{stem}}.jpg',
                        f'{folder}/2012_{split}_{{stem}}.png')
        stems = [f'2012_{split}_{path.stem}\n' for path in sorted((scenes / split).glob('*.jpg'))]
        (lists / f'{split}.txt').write_text(''.join(stems if split == 'val' else stems[:1]))
        if split == 'train':
            (lists / 'aug.txt').write_text(''.join(stems[1:]))

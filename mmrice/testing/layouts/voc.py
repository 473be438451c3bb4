"""The layouts of PASCAL VOC: 2012 with the augmented set, and the boxes of 2007."""
import json
import shutil
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


def write_voc07(scenes: Path, root: Path) -> None:
    """Write ``data/VOC2007``, its test set alone; every other object is difficult.

    Args:
        scenes: Folder that :func:`mmrice.datasets.mini.scenes.write_scenes` wrote.
        root: The folder to be made.
    """
    from mmpretrain.datasets.categories import VOC2007_CATEGORIES
    content = json.loads((scenes / 'annotations' / 'val.json').read_text())
    number = {category['id']: place for place, category in enumerate(content['categories'])}
    shutil.copytree(scenes / 'val', root / 'JPEGImages')
    for folder in ('Annotations', 'ImageSets/Main'):
        (root / folder).mkdir(parents=True)
    for image in content['images']:
        own = [item for item in content['annotations'] if item['image_id'] == image['id']]
        objects = [f'<object><name>{VOC2007_CATEGORIES[number[item["category_id"]]]}</name>'
                   f'<difficult>{place % 2}</difficult></object>' for place, item in enumerate(own)]
        stem = Path(image['file_name']).stem
        (root / 'Annotations' / f'{stem}.xml').write_text(f'<annotation>{"".join(objects)}</annotation>')
    stems = [Path(image['file_name']).stem for image in content['images']]
    (root / 'ImageSets' / 'Main' / 'test.txt').write_text('\n'.join(stems))

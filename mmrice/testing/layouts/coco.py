"""The layouts of COCO and LVIS v1."""
import json
import shutil
from pathlib import Path
from typing import Any, Dict, Sequence

SPLITS = {'train': 'train2017', 'val': 'val2017'}


def _load(scenes: Path, split: str, classes: Sequence[str]) -> Dict[str, Any]:
    """The instances of a split, the classes of the scenes renamed to the first ones of ``classes``."""
    content = json.loads((scenes / 'annotations' / f'{split}.json').read_text())
    number = {category['id']: place + 1 for place, category in enumerate(content['categories'])}
    for annotation in content['annotations']:
        annotation['category_id'] = number[annotation['category_id']]
    content['categories'] = [dict(id=place + 1, name=name) for place, name in enumerate(classes)]
    return content


def _copy_images(scenes: Path, root: Path) -> None:
    for split, folder in SPLITS.items():
        shutil.copytree(scenes / split, root / folder)


def write_coco(scenes: Path, root: Path) -> None:
    """Write ``data/coco``: instances, boxes and masks.

    Args:
        scenes: Folder that :func:`mmrice.datasets.mini.scenes.write_scenes` wrote.
        root: The folder to be made.
    """
    from mmdet.datasets import CocoDataset
    _copy_images(scenes, root)
    (root / 'annotations').mkdir()
    for split, folder in SPLITS.items():
        content = _load(scenes, split, CocoDataset.METAINFO['classes'])
        (root / 'annotations' / f'instances_{folder}.json').write_text(json.dumps(content))


def write_lvis(scenes: Path, root: Path) -> None:
    """Write ``data/lvis_v1``, which has COCO's images; a third of the classes each is rare, common and frequent.

    Args:
        scenes: Folder that :func:`mmrice.datasets.mini.scenes.write_scenes` wrote.
        root: The folder to be made.
    """
    from mmdet.datasets import LVISV1Dataset
    from pycocotools import mask
    _copy_images(scenes, root)
    (root / 'annotations').mkdir()
    for split, folder in SPLITS.items():
        content = _load(scenes, split, LVISV1Dataset.METAINFO['classes'])
        for category in content['categories']:
            category.update(frequency='rcf'[category['id'] % 3], synset='', image_count=1, instance_count=1)
        for image in content['images']:
            image['coco_url'] = f'http://images.cocodataset.org/{folder}/{image["file_name"]}'
            image.update(neg_category_ids=[], not_exhaustive_category_ids=[])
        for annotation in content['annotations']:
            annotation['area'] = float(mask.area(annotation['segmentation']))
        (root / 'annotations' / f'lvis_v1_{split}.json').write_text(json.dumps(content))

"""The layouts of COCO panoptic and of ADE20K panoptic, which is in COCO's format."""
import json
import shutil
from pathlib import Path
from typing import Any, Dict, Sequence

from .coco import SPLITS, write_coco


def _write(scenes: Path, split: str, images: str, file: Path, pictures: Path,
           categories: Sequence[Dict[str, Any]]) -> None:
    """Write the annotations of a split; things become the first things of ``categories``, stuff the first stuff."""
    content = json.loads((scenes / 'annotations' / f'panoptic_{split}.json').read_text())
    kinds = {kind: [item['id'] for item in categories if item['isthing'] == kind] for kind in (0, 1)}
    number = {item['id']: kinds[item['isthing']].pop(0) for item in content['categories']}
    for image in content['images']:
        image['file_name'] = images.format(image['file_name'])
    for annotation in content['annotations']:
        annotation['file_name'] = Path(images.format(annotation['file_name'])).name
        for segment in annotation['segments_info']:
            segment['category_id'] = number[segment['category_id']]
        source = scenes / f'panoptic_{split}' / f'{annotation["image_id"]:06d}.png'
        pictures.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, pictures / annotation['file_name'])
    content['categories'] = list(categories)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def _categories(dataset: Any, numbers: Sequence[int]) -> Sequence[Dict[str, Any]]:
    things = set(dataset.METAINFO['thing_classes'])
    return [dict(id=number, name=name, isthing=int(name in things))
            for number, name in zip(numbers, dataset.METAINFO['classes'])]


def write_coco_panoptic(scenes: Path, root: Path) -> None:
    """Write ``data/coco``: instances as well, with which COCO's panoptic configs measure.

    Args:
        scenes: Folder that :func:`mmrice.datasets.mini.scenes.write_scenes` wrote.
        root: The folder to be made.
    """
    from mmdet.datasets import CocoPanopticDataset
    write_coco(scenes, root)
    categories = _categories(CocoPanopticDataset, range(1, 134))
    for split, folder in SPLITS.items():
        _write(scenes, split, '{}', root / 'annotations' / f'panoptic_{folder}.json',
               root / 'annotations' / f'panoptic_{folder}', categories)


def write_ade_panoptic(scenes: Path, root: Path) -> None:
    """Write ``data/ADEChallengeData2016`` with the panoptic annotations that Mask2Former's scripts make.

    Args:
        scenes: Folder that :func:`mmrice.datasets.mini.scenes.write_scenes` wrote.
        root: The folder to be made.
    """
    from mmdet.datasets import ADE20KPanopticDataset
    categories = _categories(ADE20KPanopticDataset, range(150))
    for split, folder in (('train', 'training'), ('val', 'validation')):
        (root / 'images' / folder).mkdir(parents=True)
        for path in (scenes / split).glob('*.jpg'):
            shutil.copy(path, root / 'images' / folder / f'ADE_{split}_{path.name}')
        _write(scenes, split, f'ADE_{split}_{{}}', root / f'ade20k_panoptic_{split}.json',
               root / f'ade20k_panoptic_{split}', categories)

"""The layouts of RefCOCO, RefCOCO+ and RefCOCOg beside COCO's images of 2014."""
import json
import pickle
import shutil
from pathlib import Path
from typing import Any, Dict, List, Tuple

from mmrice.datasets.mini.refs import write_refs

# Folder: its references, and the splits that validation scenes are dealt to in turn.
DATASETS: Dict[str, Tuple[str, Tuple[str, ...]]] = {
    'refcoco': ('refs(unc).p', ('val', 'testA', 'testB')),
    'refcoco+': ('refs(unc).p', ('val', 'testA', 'testB')),
    'refcocog': ('refs(umd).p', ('val', 'test')),
}


def write_refcoco(scenes: Path, root: Path) -> None:
    """Write ``data/coco``: the images of both splits in ``train2014``, as RefCOCO has them, and the three datasets.

    Args:
        scenes: Folder that :func:`mmrice.datasets.mini.scenes.write_scenes` wrote.
        root: The folder to be made.
    """
    (root / 'train2014').mkdir(parents=True)
    instances: Dict[str, List[Dict[str, Any]]] = dict(images=[], annotations=[])
    refs: List[Dict[str, Any]] = []
    for split in ('train', 'val'):
        _add(scenes, split, root, instances, refs)
    for name, (file, held_out) in DATASETS.items():
        (root / name).mkdir()
        (root / name / 'instances.json').write_text(json.dumps(instances))
        dealt = [{**ref, 'split': held_out[ref['image_id'] % len(held_out)] if ref['split'] == 'val' else 'train'}
                 for ref in refs]
        write_refs(root / name / file, dealt)


def _add(scenes: Path, split: str, root: Path, instances: Dict[str, list], refs: List[Dict[str, Any]]) -> None:
    """Add a split, its numbers behind those that are there."""
    content = json.loads((scenes / 'annotations' / f'{split}.json').read_text())
    images, annotations = len(instances['images']), len(instances['annotations'])
    names = {}
    for image in content['images']:
        name = names[image['id']] = f'COCO_train2014_{image["id"] + images:012d}.jpg'
        shutil.copy(scenes / split / image['file_name'], root / 'train2014' / name)
        instances['images'].append({**image, 'id': image['id'] + images, 'file_name': name})
    for annotation in content['annotations']:
        instances['annotations'].append(
            {**annotation, 'id': annotation['id'] + annotations, 'image_id': annotation['image_id'] + images})
    instances['categories'] = content['categories']
    first = len(refs)
    for ref in pickle.loads((scenes / 'annotations' / f'refs_{split}.p').read_bytes()):
        refs.append({**ref, 'ref_id': ref['ref_id'] + first, 'ann_id': ref['ann_id'] + annotations,
                     'image_id': ref['image_id'] + images, 'file_name': names[ref['image_id']]})

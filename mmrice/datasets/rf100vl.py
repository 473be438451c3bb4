"""Roboflow100 and Roboflow100-VL: a hundred small datasets in Roboflow's COCO export, one after another."""
import json
from pathlib import Path
from typing import Any, Dict, List

from mmrice.utils import UserError, atomic_write

ANNOTATIONS = '_annotations.coco.json'
SPLITS = dict(train='train', val='valid', test='test')


def sub_datasets(root: Path) -> List[str]:
    """Names of the folders with a training split, in order.

    Raises:
        UserError: There is none.
    """
    names = sorted(path.parent.parent.name for path in root.glob(f'*/train/{ANNOTATIONS}'))
    if not names:
        raise UserError(f'{root}: no NAME/train/{ANNOTATIONS} here; expected sub-datasets in the COCO format of '
                        'Roboflow\'s export, with folders train, valid and test.')
    return names


def read_categories(folder: Path) -> List[Dict[str, Any]]:
    """The categories of a sub-dataset, in the order of its file of training annotations.

    Roboflow's exports list a category that stands for the project: it has supercategory 'none', its name is the
    supercategory of the others, and it has no box. It is left out. Other classes without a box are kept.

    Args:
        folder: With ``train``, ``valid`` and ``test``.

    Raises:
        UserError: A split or its annotations are missing or broken, or the splits' categories differ.
    """
    found, used = {}, set()
    for split in SPLITS.values():
        path = folder / split / ANNOTATIONS
        if not path.is_file():
            raise UserError(f'{path}: no such file; expected the COCO format of Roboflow\'s export.')
        try:
            content = json.loads(path.read_text())
            used |= {item['category_id'] for item in content['annotations']}
            found[split] = {item['id']: (item['name'], item.get('supercategory')) for item in content['categories']}
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f'{path}: no annotations in COCO\'s format ({error!r}).') from error
        if found[split] != found['train']:
            raise UserError(f'{path}: categories differ from those of train.')
    parents = {parent for _, parent in found['train'].values()}
    kept = [dict(id=number, name=name) for number, (name, parent) in found['train'].items()
            if number in used or not (parent == 'none' and name in parents)]
    if not used or len({item['name'] for item in kept}) != len(kept):
        raise UserError(f'{folder}: no box in any split, or two categories of one name in {ANNOTATIONS}.')
    return kept


def _set_num_classes(value: Any, number: int) -> None:
    if isinstance(value, dict):
        if 'num_classes' in value:
            value['num_classes'] = number
        for child in value.values():
            _set_num_classes(child, number)
    elif isinstance(value, list):
        for child in value:
            _set_num_classes(child, number)


def write_annotations(folder: Path, out: Path) -> List[str]:
    """Write the annotations of all splits without the project's category, which may have the name of a class.

    Args:
        folder: Of the sub-dataset; it stays as it is.
        out: Folder of ``train.json``, ``valid.json`` and ``test.json``.

    Returns:
        list[str]: The classes, in the order of the written categories.
    """
    categories = read_categories(folder)
    for split in SPLITS.values():
        content = json.loads((folder / split / ANNOTATIONS).read_text())
        content['categories'] = categories
        with atomic_write(out / f'{split}.json') as stream:
            json.dump(content, stream)
    return [item['name'] for item in categories]


def point_to(cfg: Any, folder: Path, out: Path) -> Any:
    """Make a detection config one of a sub-dataset: paths, classes and every ``num_classes`` of the model.

    Args:
        cfg: Config with CocoDatasets and COCO metrics; changed in place.
        folder: Of the sub-dataset.
        out: Where its annotations are written, see :func:`write_annotations`.

    Returns:
        Config: ``cfg``.
    """
    folder, out = folder.resolve(), out.resolve()
    classes = write_annotations(folder, out)
    for loader, split in SPLITS.items():
        file = str(out / f'{split}.json')
        cfg[f'{loader}_dataloader'].dataset.update(
            data_root=f'{folder}/', ann_file=file, data_prefix=dict(img=f'{split}/'),
            metainfo=dict(classes=tuple(classes)))
        if loader != 'train':
            cfg[f'{loader}_evaluator'].ann_file = file
    _set_num_classes(cfg.model, len(classes))
    return cfg

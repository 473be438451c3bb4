"""The layout of Roboflow100-VL: folders of sub-datasets in Roboflow's COCO export, images beside the annotations."""
import json
import shutil
from pathlib import Path
from typing import Sequence

SPLITS = {'train': 'train', 'valid': 'val', 'test': 'val'}


def write_rf100vl(scenes: Path, root: Path, names: Sequence[str], classes: int = 1) -> None:
    """Write ``data/rf100vl``: boxes, and category 0 that Roboflow names like the project and that has no box.

    Args:
        scenes: Folder that :func:`mmrice.datasets.mini.scenes.write_scenes` wrote.
        root: The folder to be made.
        names: Of the sub-datasets.
        classes: How many classes there are; the first is 'cow', all boxes are of one of them. Defaults to 1.
    """
    for name in names:
        for split, source in SPLITS.items():
            content = json.loads((scenes / 'annotations' / f'{source}.json').read_text())
            for annotation in content['annotations']:
                annotation['category_id'] = 1 + annotation['category_id'] % classes
                annotation['segmentation'] = []
            kinds = ['cow', *(f'class {place}' for place in range(1, classes))]
            content['categories'] = [dict(id=0, name=name, supercategory='none')] + [
                dict(id=place + 1, name=kind, supercategory=name) for place, kind in enumerate(kinds)]
            shutil.copytree(scenes / source, root / name / split)
            (root / name / split / '_annotations.coco.json').write_text(json.dumps(content))

"""Write COCO detection files."""
import json
from pathlib import Path
from typing import Dict, List, Sequence


def write_coco(path: Path, images: List[Dict], annotations: List[Dict], classes: Sequence[str],
               description: str) -> None:
    """Write a COCO detection or instance file.

    Args:
        path: The json file; its folder is created.
        images: COCO image entries.
        annotations: COCO annotations without ``id`` and ``iscrowd``; the id becomes the running number from 1.
        classes: Class names; the category id is the index plus 1.
        description: One sentence on what the images are.
    """
    numbered = [dict(id=number, iscrowd=0, **annotation) for number, annotation in enumerate(annotations, 1)]
    categories = [dict(id=number, name=name) for number, name in enumerate(classes, 1)]
    path.parent.mkdir(parents=True, exist_ok=True)
    content = dict(info=dict(description=description), images=images, annotations=numbered, categories=categories)
    path.write_text(json.dumps(content) + '\n', encoding='utf-8')

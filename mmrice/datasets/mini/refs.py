"""Referring expressions of the scenes, in the format of RefCOCO's ``refs(unc).p``."""
import pickle
from collections import Counter
from pathlib import Path
from typing import Dict, List

from .captions import named
from .cutouts import THINGS


def refs_of(annotations: List[Dict], texts: List[Dict], split: str) -> List[Dict]:
    """Name each thing as its scene allows: with its place, and without one where that is enough.

    Args:
        annotations: COCO annotations of all scenes, numbered from 1 in this order.
        texts: Of each scene, with ``image_id``, ``file_name`` and ``regions`` in the order of its annotations.
        split: 'train' or 'val'.

    Returns:
        list: RefCOCO's references. An expression that fits two things of a scene is left out, and so is a thing that
        has no other.
    """
    things: Dict[int, List[Dict]] = {}
    for number, annotation in enumerate(annotations, 1):
        things.setdefault(annotation['image_id'], []).append(dict(annotation, id=number))
    refs: List[Dict] = []
    for entry in texts:
        inside = things.get(entry['image_id'], [])
        expressions = [(region['phrase'], named(THINGS[thing['category_id'] - 1], thing['name']))
                       for thing, region in zip(inside, entry['regions'])]
        uses = Counter(expression for both in expressions for expression in both)
        for thing, both in zip(inside, expressions):
            unique = [expression for expression in both if uses[expression] == 1]
            if unique:
                refs.append(_ref(thing, unique, entry['file_name'], split, refs))
    return refs


def _ref(thing: Dict, expressions: List[str], file_name: str, split: str, before: List[Dict]) -> Dict:
    first = 1 + (before[-1]['sent_ids'][-1] if before else 0)
    sentences = [dict(sent_id=number, raw=text, sent=text.lower(), tokens=text.lower().split())
                 for number, text in enumerate(expressions, first)]
    return dict(ref_id=len(before) + 1, ann_id=thing['id'], image_id=thing['image_id'],
                category_id=thing['category_id'], split=split, file_name=file_name, sentences=sentences,
                sent_ids=[sentence['sent_id'] for sentence in sentences])


def write_refs(path: Path, refs: List[Dict]) -> None:
    """Write them as RefCOCO has them: a pickle of plain data."""
    path.write_bytes(pickle.dumps(refs, protocol=4))

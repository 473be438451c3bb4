"""Parts of the probe scenes and trees as annotation files of their own, below ``DATA/splits``."""
import json
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from mmrice.datasets.mini.coco import write_coco
from mmrice.utils import UserError

Coco = Dict[str, Any]


def write_splits(data: Path, bank: int, validation: int, seen: int) -> List[Path]:
    """Write ``splits/{bank,validation,seen,unseen}.{json,txt}``, ``words_*.json`` and ``trees_*.json``.

    Args:
        data: With ``probes/scenes`` and ``probes/trees`` of the mini data.
        bank: Training scenes that probes learn from, the first.
        validation: The next, which choose learning rates.
        seen: The next, for testing. All validation scenes of the mini data, with other cut-outs and words, are
            'unseen'.

    Returns:
        list: The files.

    Raises:
        UserError: There are fewer scenes, or none.
    """
    folder = data / 'splits'
    folder.mkdir(parents=True, exist_ok=True)
    scenes = {split: _read(data / 'probes' / 'scenes' / 'annotations' / f'{split}.json') for split in ('train', 'val')}
    texts = {split: _lines(data / 'probes' / 'scenes' / 'text' / f'{split}.jsonl') for split in ('train', 'val')}
    if len(scenes['train']['images']) < bank + validation + seen:
        raise UserError(f'{data / "probes"}: has {len(scenes["train"]["images"])} training scenes, expected '
                        f'{bank + validation + seen} or more. Build more with prepare_mini.py --num-train.')
    starts, half = np.cumsum([0, bank, validation, seen]).tolist(), len(texts['val']) // 2
    parts = {name: ('train', slice(*starts[place:place + 2]))
             for place, name in enumerate(('bank', 'validation', 'seen'))}
    parts['unseen'] = ('val', slice(None))
    for name, (split, part) in parts.items():
        chosen = subset(scenes[split], scenes[split]['images'][part])
        (folder / f'{name}.json').write_text(json.dumps(chosen) + '\n', encoding='utf-8')
        stems = [Path(image['file_name']).stem for image in chosen['images']]
        (folder / f'{name}.txt').write_text('\n'.join(stems) + '\n', encoding='utf-8')
    words = sorted({word['text'] for own in texts.values() for line in own for word in line['words']})
    parts.update(unseen_bank=('val', slice(half)), unseen=('val', slice(half, None)))
    for name, (split, part) in parts.items():
        _write_words(folder / f'words_{name}.json', texts[split][part], words, scenes[split]['images'][0])
    for split in ('train', 'val'):
        trees = _read(data / 'probes' / 'trees' / 'annotations' / f'{split}.json')
        write_coco(folder / f'trees_{split}.json', trees['images'], with_background(trees), ['tree', 'background'],
                   'Trees, and boxes of the same sizes without trees.')
    return sorted(folder.iterdir())


def subset(coco: Coco, images: Sequence[Dict[str, Any]]) -> Coco:
    """Some images of a COCO file with their annotations."""
    kept = {image['id'] for image in images}
    return {**coco, 'images': list(images),
            'annotations': [item for item in coco['annotations'] if item['image_id'] in kept]}


def with_background(coco: Coco, seed: int = 0, tries: int = 50) -> List[Dict[str, Any]]:
    """Annotations of all boxes as category 1 and, for each, of one of its size that overlaps none, as category 2.

    Args:
        coco: One class of boxes.
        seed: Of the places.
        tries: Places that are tried for a box; without success there is none.

    Returns:
        list[dict]: Without ids.
    """
    draw, found = np.random.default_rng(seed), []
    sizes = {image['id']: (image['width'], image['height']) for image in coco['images']}
    boxes: Dict[int, List[Tuple[float, ...]]] = {number: [] for number in sizes}
    for item in coco['annotations']:
        boxes[item['image_id']].append(tuple(item['bbox']))
    for number, own in boxes.items():
        for _, _, width, height in own:
            for _ in range(tries):
                x, y = (draw.uniform(0, full - side) for full, side in zip(sizes[number], (width, height)))
                if not any(_overlap((x, y, width, height), other) for other in own):
                    found.append(dict(image_id=number, category_id=2, bbox=[x, y, width, height], area=width * height))
                    break
    trees = [dict(image_id=item['image_id'], category_id=1, bbox=item['bbox'], area=item['area'])
             for item in coco['annotations']]
    return [*trees, *found]


def _overlap(first: Sequence[float], second: Sequence[float]) -> bool:
    return all(first[axis] < second[axis] + second[axis + 2] and second[axis] < first[axis] + first[axis + 2]
               for axis in (0, 1))


def _write_words(path: Path, lines: Sequence[Dict[str, Any]], words: Sequence[str], like: Dict[str, Any]) -> None:
    images = [dict(id=line['image_id'], file_name=line['file_name'], width=like['width'], height=like['height'])
              for line in lines]
    annotations = []
    for line in lines:
        for word in line['words']:
            x1, y1, x2, y2 = word['box']
            annotations.append(dict(image_id=line['image_id'], category_id=words.index(word['text']) + 1,
                                    bbox=[x1, y1, x2 - x1, y2 - y1], area=(x2 - x1) * (y2 - y1)))
    write_coco(path, images, annotations, words, 'Words of composed scenes.')


def _read(path: Path) -> Coco:
    if not path.is_file():
        raise UserError(f'{path}: no such file. Build the scenes with tools/dataset_converters/prepare_mini.py.')
    return json.loads(path.read_text(encoding='utf-8'))


def _lines(path: Path) -> List[Dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding='utf-8').splitlines()]

"""Region shards with the truth in place of the data engine's boxes, clusters and words: the headroom of RICE."""
import json
import tarfile
from pathlib import Path
from typing import Any, Dict, List

from mmrice.datasets.shard_format import SCHEMA_VERSION, regions_path, write_meta, write_regions
from mmrice.utils import UserError, atomic_path

IMAGES_PER_SHARD = 256


def write_oracle(scenes: Path, out: Path) -> Dict[str, int]:
    """Write shards of the training scenes of mini data.

    A thing is an object region whose class is what a caption calls it ('kitten', 'mastiff'); a word is an OCR region
    with one class for each word.

    Args:
        scenes: Folder of the scenes.
        out: Folder of the shards.

    Returns:
        dict: Numbers of images, object and OCR regions and their classes.

    Raises:
        UserError: There are no scenes.
    """
    source = scenes / 'annotations' / 'train.json'
    if not source.is_file():
        raise UserError(f'{source}: no such file. Build the scenes with tools/dataset_converters/prepare_mini.py.')
    coco = json.loads(source.read_text(encoding='utf-8'))
    text = next(item['id'] for item in coco['categories'] if item['name'] == 'text')
    names = {kind: sorted({item['name'] for item in coco['annotations'] if _kind(item, text) == kind})
             for kind in ('object', 'ocr')}
    rows: Dict[int, List[Dict[str, Any]]] = {image['id']: [] for image in coco['images']}
    for item in coco['annotations']:
        (x, y, width, height), kind = item['bbox'], _kind(item, text)
        rows[item['image_id']].append(dict(
            key=Path(_file(coco, item['image_id'])).stem, box=[x, y, x + width, y + height], kind=kind, score=1.,
            labels=[names[kind].index(item['name'])], text=item['name'] if kind == 'ocr' else ''))
    out.mkdir(parents=True, exist_ok=True)
    images = coco['images']
    shards = [images[start:start + IMAGES_PER_SHARD] for start in range(0, len(images), IMAGES_PER_SHARD)]
    for number, shard in enumerate(shards):
        tar = out / f'{number:06d}.tar'
        with atomic_path(tar) as temporary, tarfile.open(temporary, 'w') as stream:
            for image in shard:
                stream.add(scenes / 'train' / image['file_name'], image['file_name'])
        write_regions(regions_path(tar), [row for image in shard for row in rows[image['id']]])
    every = [row['kind'] for own in rows.values() for row in own]
    counts = {kind: every.count(kind) for kind in names}
    write_meta(out, dict(schema_version=SCHEMA_VERSION, num_shards=len(shards), num_images=len(images),
                         num_regions=counts, num_classes={kind: len(own) for kind, own in names.items()},
                         made_by=dict(tool='projects/scaled_rice/prepare.py', source=str(scenes))))
    return dict(images=len(images), **{f'{kind} regions': count for kind, count in counts.items()},
                **{f'{kind} classes': len(own) for kind, own in names.items()})


def _kind(item: Dict[str, Any], text: int) -> str:
    return 'ocr' if item['category_id'] == text else 'object'


def _file(coco: Dict[str, Any], number: int) -> str:
    return coco['images'][number - 1]['file_name']  # the mini data counts from 1

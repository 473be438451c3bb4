"""Tiny region shards, so that the recipes for region and image shards run in tests."""
import io
import tarfile
from pathlib import Path
from typing import Sequence

import numpy as np
from PIL import Image


def write_tiny_shards(root: Path, num_images: int = 8) -> Path:
    """Write one shard of noise images, each with two object regions, one OCR region, one region of the whole image, two
    regions with phrases and masks, the tags of one of them and of the whole image, and a caption.

    Args:
        root: Folder to fill. It is created.
        num_images: How many; labels are below ``num_images`` + 3.

    Returns:
        Path: ``root``.
    """
    from mmrice.datasets.shard_format import write_meta, write_regions
    root.mkdir(parents=True, exist_ok=True)
    rng, rows = np.random.default_rng(0), []
    with tarfile.open(root / '000000.tar', 'w') as tar:
        for number in range(num_images):
            key, stream = f'{number:06d}', io.BytesIO()
            Image.fromarray(rng.integers(0, 256, (96, 128, 3), dtype=np.uint8)).save(stream, 'JPEG')
            member = tarfile.TarInfo(f'{key}.jpg')
            member.size = stream.tell()
            stream.seek(0)
            tar.addfile(member, stream)
            for kind, box, labels in (('object', [0, 0, 64, 64], [number]), ('object', [40, 20, 128, 90], [number + 1]),
                                      ('ocr', [8, 8, 100, 40], [1, number + 2]),
                                      ('image', [0, 0, 128, 96], [number, number + 1, number + 2])):
                rows.append(dict(key=key, box=box, kind=kind, score=1., labels=labels, text=''))
            for kind, box, text in (('text', [0, 0, 64, 64], f'thing {number}'), ('text', [40, 20, 128, 90], 'a box'),
                                    ('caption', [0, 0, 128, 96], f'A box beside thing {number}.')):
                rows.append(dict(key=key, box=box, kind=kind, score=1., labels=[], text=text,
                                 mask=_box_mask(box) if kind == 'text' else ''))
            for kind, box, labels in (('tags', [0, 0, 64, 64], [number % 3]), ('image_tags', [0, 0, 128, 96], [0, 2])):
                rows.append(dict(key=key, box=box, kind=kind, score=1., labels=labels, text='',
                                 mask=_box_mask(box) if kind == 'tags' else ''))
    write_regions(root / '000000.regions.parquet', rows)
    write_meta(root, dict(
        schema_version=1, num_shards=1, num_images=num_images, made_by=dict(tool='test'),
        num_regions=dict(object=2 * num_images, ocr=num_images, image=num_images, text=2 * num_images,
                         caption=num_images, tags=num_images, image_tags=num_images),
        num_classes={**dict.fromkeys(('object', 'ocr', 'image'), num_images + 3), 'tags': 3, 'image_tags': 3}))
    (root / 'tag_vocab.json').write_text('["thing", "box", "noise"]')
    return root


def _box_mask(box: Sequence[int]) -> str:
    """The RLE of a box, in pixels of these images."""
    from pycocotools import mask as coco_mask
    mask = np.zeros((96, 128), np.uint8, order='F')
    mask[box[1]:box[3], box[0]:box[2]] = 1
    return coco_mask.encode(mask)['counts'].decode()

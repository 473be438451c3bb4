"""Region shards of any number of tiny images."""
import io
import json
import tarfile
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from mmrice.datasets.shard_format import regions_path, write_meta, write_regions


def jpeg(shade, width=24, height=16):
    stream = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), shade, np.uint8)).save(stream, 'JPEG')
    return stream.getvalue()


def write_shard(tar, images):
    """``images``: {key: (bytes, {kind: labels of each region})}; returns the entry of meta.json."""
    rows, kinds = [], Counter()
    with tarfile.open(tar, 'w') as stream:
        for key, (content, regions) in images.items():
            member = tarfile.TarInfo(f'{key}.jpg')
            member.size = len(content)
            stream.addfile(member, io.BytesIO(content))
            kinds['+'.join(sorted(regions))] += bool(regions)
            rows += [dict(key=key, box=[0, 0, 10 + place, 12], kind=kind, score=1., labels=own, text='')
                     for kind, labels in regions.items() for place, own in enumerate(labels)]
    write_regions(regions_path(tar), rows)
    return dict(name=tar.stem, images=len(images), kinds={kind: count for kind, count in kinds.items() if count})


@pytest.fixture
def make_shards(tmp_path):
    """``make_shards(5, 3) -> folder``: shards of five and three images; the object label of an image is its number,
    every third has OCR regions, too, and every seventh those alone. ``damaged``: numbers of images without content;
    ``listed=False``: a meta.json without counts of shards."""

    def make(*sizes, name='shards', damaged=(), listed=True):
        root, shards, start = tmp_path / name, [], 0
        root.mkdir()
        for shard, size in enumerate(sizes):
            images = {}
            for number in range(start, start + size):
                regions = {'object': [[number]]} if number % 7 != 6 else {}
                regions.update({'ocr': [[1, number], [2]]} if number % 3 == 0 or not regions else {})
                images[f'{number:04d}'] = b'' if number in damaged else jpeg(60 + number % 100), regions
            shards.append(write_shard(root / f'{shard:06d}.tar', images))
            start += size
        meta = dict(schema_version=1, num_shards=len(sizes), num_images=start, num_regions={}, made_by={},
                    num_classes=dict(object=start, ocr=start + 3))
        write_meta(root, dict(meta, shards=shards) if listed else meta)
        return root

    return make


@pytest.fixture
def edit_meta():
    """``edit_meta(root, **fields)``: change meta.json."""

    def edit(root, **fields):
        path = root / 'meta.json'
        path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))

    return edit

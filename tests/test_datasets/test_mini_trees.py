"""Cutting annotated photos into tiles."""
import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from mmrice.datasets.mini.archives import Archive
from mmrice.datasets.mini.trees import (
    MIN_SIDE,
    MIN_VISIBLE,
    SPLITS,
    build_trees,
    clip_boxes,
    read_voc_boxes,
    tile_origins,
)


def voc(boxes):
    names = ('xmin', 'ymin', 'xmax', 'ymax')
    objects = ''.join('<object><name>Tree</name><bndbox>'
                      + ''.join(f'<{name}>{value}</{name}>' for name, value in zip(names, box))
                      + '</bndbox></object>' for box in boxes)
    return f'<annotation>{objects}</annotation>'.encode()


@pytest.fixture
def package(tmp_path):
    """A deepforest wheel with photos of noise."""
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(tmp_path / 'deepforest.whl', 'w') as archive:
        for photos in SPLITS.values():
            for stem, ending in photos:
                buffer = io.BytesIO()
                Image.fromarray(rng.integers(0, 256, (300, 560, 3), dtype=np.uint8)).save(buffer, 'PNG')
                archive.writestr(f'deepforest/data/{stem}{ending}', buffer.getvalue())
                archive.writestr(f'deepforest/data/{stem}.xml', voc([(10, 10, 50, 50), (240, 100, 300, 160)]))
    return Archive('deepforest', tmp_path / 'deepforest.whl')


@pytest.mark.parametrize('size', [(256, 256), (2299, 2472), (1249, 1035), (400, 400), (257, 300)])
def test_tiles_lie_inside_the_photo_and_leave_at_most_the_slack_uncovered(size):
    origins = tile_origins(*size)
    for axis in (0, 1):
        starts = sorted({origin[axis] for origin in origins})
        assert starts[0] == 0 and (starts[-1] == size[axis] - 256 or len(starts) == 1)
        covered = np.zeros(size[axis], dtype=bool)
        for start in starts:
            assert start + 256 <= size[axis]
            covered[start:start + 256] = True
        assert (~covered).sum() <= 16


def test_the_real_photos_give_118_tiles():
    sizes = [(2299, 2472), (1249, 1035), (400, 400), (400, 400)]
    assert sum(len(tile_origins(*size)) for size in sizes) == 118


def test_clipped_boxes_lie_inside_their_tile_and_keep_their_size_where_uncut():
    boxes = np.array([[10, 10, 50, 50], [250, 30, 262, 60], [90, 200, 120, 290]], dtype=np.float32)
    clipped = clip_boxes(boxes, (0, 0))
    assert clipped.min() >= 0 and clipped.max() <= 256
    np.testing.assert_array_equal(clipped, [[10, 10, 50, 50], [250, 30, 256, 60], [90, 200, 120, 256]])


def test_a_box_is_dropped_where_less_than_the_visible_fraction_shows():
    width = 100
    for shown in (int(MIN_VISIBLE * width) - 1, int(MIN_VISIBLE * width)):
        box = np.array([[256 - shown, 0, 256 - shown + width, 50]], dtype=np.float32)
        assert len(clip_boxes(box, (0, 0))) == (shown >= MIN_VISIBLE * width)
    sliver = np.array([[10, 10, 10 + MIN_SIDE - 1, 200]], dtype=np.float32)
    assert len(clip_boxes(sliver, (0, 0))) == 0


def test_every_box_of_a_photo_cut_without_gaps_is_kept_by_a_tile_or_cut_into_small_pieces():
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 460, size=(200, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(8, 50, size=(200, 2))], axis=1).astype(np.float32)
    origins = tile_origins(512, 512)
    assert origins == [(0, 0), (256, 0), (0, 256), (256, 256)]
    found = sum(len(clip_boxes(boxes, origin)) for origin in origins)
    uncut = (boxes[:, :2] // 256 == np.ceil(boxes[:, 2:] / 256) - 1).all(axis=1)
    assert sum(len(clip_boxes(boxes[uncut], origin)) for origin in origins) == uncut.sum()
    assert uncut.sum() <= found <= 2 * len(boxes)


def test_voc_boxes_are_read_in_order():
    np.testing.assert_array_equal(read_voc_boxes(voc([(1, 2, 3, 4), (5, 6, 7, 8)])), [[1, 2, 3, 4], [5, 6, 7, 8]])
    assert read_voc_boxes(voc([])).shape == (0, 4)


def test_train_and_val_tiles_come_from_different_photos(package, tmp_path):
    counts = build_trees({'deepforest': package}, tmp_path / 'trees')
    photos = {}
    for split in ('train', 'val'):
        content = json.loads((tmp_path / 'trees' / 'annotations' / f'{split}.json').read_text())
        photos[split] = {image['photo'] for image in content['images']}
        assert [category['name'] for category in content['categories']] == ['tree']
        assert counts[f'{split} boxes'] == len(content['annotations'])
        for image in content['images']:
            assert Image.open(tmp_path / 'trees' / split / image['file_name']).size == (256, 256)
        for annotation in content['annotations']:
            x, y, width, height = annotation['bbox']
            assert x >= 0 and y >= 0 and x + width <= 256 and y + height <= 256
            assert annotation['area'] == width * height
    assert not photos['train'] & photos['val']

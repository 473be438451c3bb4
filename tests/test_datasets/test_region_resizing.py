"""Crop, resize and letterbox at any reduction: each box still surrounds its colour, whole or reduced decoding."""
import random

import cv2
import numpy as np
import pytest

from mmrice.datasets import LoadImageFromShard, RandomRegionFlip, RandomResizedRegionCrop, RegionLetterbox, RegionResize
from mmrice.datasets.transforms.loading import let_next_decode
from mmrice.utils import UserError

COLORS = [(250, 30, 30), (30, 230, 30), (30, 30, 250), (230, 230, 20), (230, 20, 230), (20, 230, 230)]
BOXES = np.float32([[40, 30, 200, 150], [260, 20, 420, 180], [480, 40, 690, 170], [30, 250, 190, 470],
                    [240, 220, 440, 400], [500, 260, 660, 450]])


def picture(width, height):
    """Six coloured rectangles on grey."""
    image = np.full((height, width, 3), 110, np.uint8)
    boxes = BOXES * np.float32([width / 701, height / 499] * 2)
    for color, (x1, y1, x2, y2) in zip(COLORS, boxes.round().astype(int).tolist()):
        image[y1:y2, x1:x2] = color
    return image, boxes.round()


def sample(path, image, boxes, kinds=(0, ) * 6):
    ok, content = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 97, cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
                                               cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444])
    path.write_bytes(b'before' + content.tobytes() + b'after')
    return dict(img_path=str(path), img_offset=6, img_bytes=len(content), key='a', gt_bboxes=boxes.copy(),
                gt_kinds=np.array(kinds), gt_region_labels=np.arange(len(boxes))[:, None])


def run(results, *transforms, seed=0, reduced=True):
    """The transforms behind LoadImageFromShard."""
    random.seed(seed)
    pipeline = [LoadImageFromShard(reduced=reduced), *transforms]
    let_next_decode(pipeline)
    for transform in pipeline:
        results = transform.transform(results)
    return results


def assert_boxes_surround_their_colors(results, slack):
    assert len(results['gt_bboxes']) == len(results['gt_kinds']) == len(results['gt_region_labels']) > 0
    height, width = results['img'].shape[:2]
    assert results['img_shape'] == (height, width)
    for box, (number, ) in zip(results['gt_bboxes'], results['gt_region_labels']):
        near = np.abs(results['img'].astype(int) - COLORS[number]).max(2) < 90
        rows, cols = np.nonzero(near)
        found = np.array([cols.min(), rows.min(), cols.max() + 1, rows.max() + 1])
        np.testing.assert_allclose(box, found, atol=slack)


TRANSFORMS = [
    lambda scale: [RandomResizedRegionCrop(scale, area=(0.3, 1.), aspect=(0.5, 2.))],
    lambda scale: [RandomResizedRegionCrop(scale), RandomRegionFlip(prob=0.5, direction='diagonal')],
    lambda scale: [RegionResize(scale)],
    lambda scale: [RegionLetterbox(scale), RandomRegionFlip(prob=0.5)],
]


@pytest.mark.parametrize('transforms', TRANSFORMS)
@pytest.mark.parametrize('size', [(701, 499), (1400, 992), (350, 250)])
@pytest.mark.parametrize('scale', [(300, 200), (96, 150), (64, 48), (801, 600)])
def test_boxes_surround_their_colors_and_are_the_same_with_and_without_reduction(tmp_path, transforms, size, scale):
    image, boxes = picture(*size)
    for seed in range(2):
        fast, whole = (run(sample(tmp_path / 'x.tar', image, boxes), *transforms(scale), seed=seed, reduced=reduced)
                       for reduced in (True, False))
        assert fast['img'].shape == whole['img'].shape == (*scale[::-1], 3)
        assert_boxes_surround_their_colors(fast, 2)
        for field in ('gt_bboxes', 'gt_kinds', 'gt_region_labels'):
            np.testing.assert_array_equal(fast[field], whole[field])
        assert 'jpeg' not in fast


def test_letterbox_keeps_the_aspect_ratio_in_the_middle_of_a_grey_frame(tmp_path):
    image, boxes = picture(700, 500)
    results = run(sample(tmp_path / 'x.tar', image, boxes), RegionLetterbox((210, 210), pad_val=7))
    np.testing.assert_allclose(results['gt_bboxes'], boxes * 0.3 + np.float32([0, 30, 0, 30]), atol=1e-4)
    assert (results['img'][:30] == 7).all() and (results['img'][180:] == 7).all()
    assert (results['img'][32:178] > 7).all()
    tall = run(sample(tmp_path / 'x.tar', np.full((900, 30, 3), 200, np.uint8), boxes[:1] * 0 + [0, 0, 9, 9], (0, )),
               RegionLetterbox((64, 60)))
    assert (tall['img'][:, 31:33] > 150).all() and (tall['img'][:, :31] == 114).all()


@pytest.mark.parametrize('transform', [RegionResize((100, 60)), RegionLetterbox((100, 60)),
                                       RandomResizedRegionCrop((100, 60))])
def test_regions_outside_the_image_are_dropped_and_a_sample_without_others_is_given_up(tmp_path, transform):
    image, boxes = picture(701, 499)
    boxes[1:] += 900
    assert run(sample(tmp_path / 'x.tar', image, boxes), transform)['gt_region_labels'].tolist() == [[0]]
    results = sample(tmp_path / 'x.tar', image, boxes + 900)
    assert run(results, transform) is None and results['skip_reason'] == 'has no region inside the image'


def test_resizing_gives_the_boxes_of_mmcv(tmp_path):
    from mmcv.transforms import Resize
    image, boxes = picture(701, 499)
    ours = run(sample(tmp_path / 'x.tar', image, boxes), RegionResize((224, 200)))
    theirs = run(sample(tmp_path / 'x.tar', image, boxes), Resize((224, 200)))
    np.testing.assert_allclose(ours['gt_bboxes'], theirs['gt_bboxes'], atol=1e-4)
    assert ours['img'].shape == theirs['img'].shape


def test_a_size_of_nothing_is_refused():
    with pytest.raises(UserError, match=r'RegionLetterbox: scale=\(0, 4\), expected a width and a height'):
        RegionLetterbox((0, 4))

"""Boxes stay on the pixels that they were drawn around."""
import random

import numpy as np
import pytest
import torch

from mmrice.datasets import PackRegionInputs, RandomRegionFlip, RandomResizedRegionCrop, SampleRegions


def scene(kinds=(0, 0)):
    """A black image with a bright rectangle in each box; BGR colours tell them apart."""
    boxes = np.array([[20, 30, 60, 70], [80, 10, 110, 90]], dtype=np.float32)
    image = np.zeros((100, 120, 3), dtype=np.uint8)
    for channel, (x1, y1, x2, y2) in enumerate(boxes.astype(int)):
        image[y1:y2, x1:x2, channel] = 255
    return dict(
        img=image, img_shape=(100, 120), gt_bboxes=boxes, gt_kinds=np.array(kinds),
        gt_region_labels=np.array([[7, -1], [8, 9]]))


def extent(image, channel):
    rows, cols = np.nonzero(image[:, :, channel] > 127)
    return [cols.min(), rows.min(), cols.max() + 1, rows.max() + 1]


@pytest.mark.parametrize('seed', range(20))
def test_crop_and_flip_keep_boxes_on_their_pixels(seed):
    random.seed(seed)
    results = RandomResizedRegionCrop((160, 96), area=(0.3, 1.), min_visible=0.3)(scene())
    results = RandomRegionFlip(prob=0.5)(results)
    assert results['img'].shape == (96, 160, 3) and len(results['gt_bboxes']) > 0
    for box, labels in zip(results['gt_bboxes'], results['gt_region_labels']):
        np.testing.assert_allclose(box, extent(results['img'], labels[0] - 7), atol=1.5)


def test_a_word_that_is_cut_is_dropped_and_an_object_is_kept():
    class Left(RandomResizedRegionCrop):

        def _draw(self, height, width):
            return 0, 0, 100, 100

    objects = Left((50, 50))(scene())
    words = Left((50, 50))(scene(kinds=(0, 1)))
    assert objects['gt_region_labels'][:, 0].tolist() == [7, 8]
    assert words['gt_region_labels'][:, 0].tolist() == [7]
    np.testing.assert_allclose(objects['gt_bboxes'][1], [40, 5, 50, 45])


def test_a_crop_that_would_lose_all_regions_becomes_the_whole_image():
    class Corner(RandomResizedRegionCrop):

        def _draw(self, height, width):
            return 0, 0, 10, 10

    results = Corner((120, 100))(scene())
    np.testing.assert_allclose(results['gt_bboxes'], scene()['gt_bboxes'])


def test_regions_outside_the_image_are_dropped_and_a_sample_without_others_is_skipped():
    results = scene()
    results['gt_bboxes'][0] = [300, 300, 340, 340]
    assert RandomResizedRegionCrop((60, 50))(results)['gt_region_labels'][:, 0].tolist() == [8]
    transform = RandomResizedRegionCrop((60, 50))
    results = scene()
    results['gt_bboxes'] += 500
    assert transform.transform(results) is None and results['skip_reason'] == 'has no region inside the image'


@pytest.mark.parametrize('direction', ['horizontal', 'vertical', 'diagonal'])
def test_every_flip_moves_boxes_with_their_pixels(direction):
    before = scene()
    before['img'] = before['img'][:95]  # not the mirror image of itself
    results = RandomRegionFlip(prob=1., direction=direction)(dict(before))
    assert results['flip'] and results['flip_direction'] == direction
    for box, labels in zip(results['gt_bboxes'], results['gt_region_labels']):
        assert box.tolist() == extent(results['img'], labels[0] - 7)
    assert not np.array_equal(results['img'], before['img'])


def test_flips_come_as_often_as_asked_and_in_the_directions_listed():
    random.seed(0)
    one = [RandomRegionFlip(prob=0.25)(scene())['flip'] for _ in range(400)]
    assert 70 < sum(one) < 130
    several = RandomRegionFlip(prob=[0.5, 0.5], direction=['horizontal', 'vertical'])
    assert {several(scene())['flip_direction'] for _ in range(40)} == {'horizontal', 'vertical'}


def test_an_image_with_text_is_never_flipped():
    for seed in range(10):
        random.seed(seed)
        results = RandomRegionFlip(prob=1.)(scene(kinds=(0, 1)))
        assert np.array_equal(results['img'], scene()['img'])
    assert not np.array_equal(RandomRegionFlip(prob=1.)(scene())['img'], scene()['img'])


def test_sampling_keeps_all_regions_and_repeats_only_when_too_few():
    random.seed(0)
    many = SampleRegions(7)(scene())['gt_region_labels'][:, 0]
    assert len(many) == 7 and set(many) == {7, 8}
    drawn = [SampleRegions(1)(scene())['gt_region_labels'][0, 0] for _ in range(40)]
    assert set(drawn) == {7, 8}
    empty = scene()
    for field in ('gt_bboxes', 'gt_kinds', 'gt_region_labels'):
        empty[field] = empty[field][:0]
    assert SampleRegions(2).transform(empty) is None


def test_packing_keeps_values_and_types():
    packed = PackRegionInputs()(scene())
    assert packed['inputs'].dtype == torch.uint8 and packed['inputs'].shape == (3, 100, 120)
    regions = packed['data_samples'].gt_regions
    assert regions.bboxes.dtype == torch.float32 and regions.labels.tolist() == [[7, -1], [8, 9]]
    assert packed['data_samples'].img_shape == (100, 120)


@pytest.mark.parametrize('seed', range(5))
def test_a_whole_image_survives_every_crop_and_its_box_becomes_the_crop(seed):
    random.seed(seed)
    results = scene(kinds=(2, 2))
    results['gt_bboxes'] = np.array([[0, 0, 120, 100]], dtype=np.float32)
    results['gt_kinds'], results['gt_region_labels'] = results['gt_kinds'][:1], results['gt_region_labels'][:1]
    results = RandomResizedRegionCrop((60, 50), area=(0.05, 0.1))(results)
    np.testing.assert_allclose(results['gt_bboxes'], [[0, 0, 60, 50]])
    assert results['gt_region_labels'].tolist() == [[7, -1]]

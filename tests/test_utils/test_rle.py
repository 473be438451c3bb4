import tracemalloc

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mmrice.utils.rle import decode_rle, rle_runs


def encoded(mask):
    return coco_mask.encode(np.asfortranarray(mask))['counts'].decode()


@pytest.mark.parametrize('size, share', [((1, 1), 1.), ((7, 300), 0.5), ((300, 7), 0.01), ((40, 40), 0.),
                                         ((64, 48), 1.)])
def test_masks_of_pycocotools_come_back(size, share):
    mask = (np.random.default_rng(0).random(size) < share).astype(np.uint8)
    mask[:, size[1] // 2:] = 1
    np.testing.assert_array_equal(decode_rle(encoded(mask), size), mask)


def test_what_is_held_on_the_way_is_a_byte_a_pixel():
    mask = np.zeros((1000, 1000), np.uint8)
    mask[100:900, 200:700] = 1
    counts = encoded(mask)
    tracemalloc.start()
    try:
        assert decode_rle(counts, mask.shape).dtype == np.uint8
        assert tracemalloc.get_traced_memory()[1] < 1.5 * mask.size
    finally:
        tracemalloc.stop()


def test_runs_of_a_mask_fill_it():
    mask = np.zeros((5, 400), np.uint8)
    mask[2, 3:390] = 1
    assert sum(rle_runs(encoded(mask))) == mask.size


@pytest.mark.parametrize('change', [lambda counts: counts[:-1], lambda counts: counts + 'R1', lambda counts: '',
                                    lambda counts: counts + 'Q'])
def test_runs_that_do_not_fill_the_image_give_no_mask(change):
    mask = np.zeros((8, 8), np.uint8)
    mask[2:4, 3:7] = 1
    assert decode_rle(change(encoded(mask)), (8, 8)) is None
    assert decode_rle(encoded(mask), (8, 16)) is None

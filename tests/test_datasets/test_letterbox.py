import numpy as np
import pytest

from mmrice.datasets.transforms import Letterbox, RegionLetterbox
from mmrice.utils import UserError


@pytest.mark.parametrize('size', [(70, 50), (33, 90), (64, 48), (1, 200)])
def test_pixels_and_boxes_are_those_of_pretraining(size):
    width, height = size
    image = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    box = np.float32([[0, 1, width, height - 2]])
    theirs = RegionLetterbox((64, 48)).transform(dict(
        img=image.copy(), img_shape=image.shape[:2], gt_bboxes=box, gt_kinds=np.array([0]),
        gt_region_labels=np.array([[0]])))
    ours = Letterbox((64, 48)).transform(dict(img=image))
    np.testing.assert_array_equal(ours['img'], theirs['img'])
    moved = box * np.float32(ours['scale_factor'] * 2) + np.float32(ours['pad_offset'] * 2)
    np.testing.assert_allclose(moved, theirs['gt_bboxes'], atol=1e-4)
    assert ours['img_shape'] == (48, 64) and Letterbox(64).scale == (64, 64)


def test_boxes_that_it_would_leave_behind_are_refused():
    with pytest.raises(UserError, match='Put LoadAnnotations behind it'):
        Letterbox(64).transform(dict(img=np.zeros((4, 4, 3), np.uint8), gt_bboxes=[]))
    with pytest.raises(UserError, match='expected a width and a height'):
        Letterbox((64, 0))

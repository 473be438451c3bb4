import numpy as np
import pytest

from mmrice.data_engine.boxes import clip_boxes, fits, nms, pairwise_iou

BOXES = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [5, 5, 15, 15], [30, 30, 40, 40]], np.float32)


def test_iou_is_the_shared_area_over_the_joint_area():
    iou = pairwise_iou(BOXES, BOXES)
    np.testing.assert_allclose(iou[0], [1, 0.9, 25 / 175, 0], atol=1e-6)
    np.testing.assert_array_equal(iou, iou.T)


def test_nms_keeps_the_better_of_two_overlapping_boxes_and_orders_by_score():
    scores = np.array([0.5, 0.9, 0.1, 0.7], np.float32)
    assert nms(BOXES, scores, 0.8).tolist() == [1, 3, 2]
    assert nms(BOXES, scores, 1.0).tolist() == [1, 3, 0, 2]
    assert nms(BOXES, scores, 0.8, max_keep=2).tolist() == [1, 3]


def test_nms_keeps_the_order_of_equal_scores_and_takes_no_boxes():
    assert nms(BOXES, np.ones(4, np.float32), 0.8).tolist() == [0, 2, 3]
    assert nms(BOXES[:0], np.ones(0, np.float32), 0.8).tolist() == []


def slow_nms(boxes, scores, max_iou, max_keep):
    """By the definition: the best box is kept, what overlaps it too much goes, and so on."""
    left, kept = sorted(range(len(boxes)), key=lambda i: -scores[i]), []
    while left and (not max_keep or len(kept) < max_keep):
        best = left.pop(0)
        kept.append(best)
        left = [i for i in left if pairwise_iou(boxes[best][None], boxes[i][None])[0, 0] <= np.float32(max_iou)]
    return kept


@pytest.mark.parametrize('seed', range(4))
def test_nms_is_what_its_definition_says_with_ties_and_overlaps_at_the_threshold(seed):
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 8, (60, 2))
    boxes = np.concatenate([corners, corners + rng.integers(1, 6, (60, 2))], 1).astype(np.float32)
    scores = rng.integers(0, 4, 60) / 4  # many are equal
    for max_iou in (0, 1 / 3, 0.5, 0.6, 0.7, 1):  # ratios of small numbers, so that some overlaps are equal to them
        for max_keep in (0, 7):
            assert nms(boxes, scores, max_iou, max_keep).tolist() == slow_nms(boxes, scores, max_iou, max_keep)


def test_clipping_cuts_at_the_edges_of_the_image():
    np.testing.assert_array_equal(clip_boxes([[-5, 2, 50, 90]], (40, 30)), [[0, 2, 30, 40]])


def test_only_boxes_of_a_useful_size_fit():
    boxes = np.array([[0, 0, 20, 20], [0, 0, 9, 20], [0, 0, 100, 12], [0, 0, 100, 100], [9, 9, 9, 30], [20, 20, 5, 40]],
                     np.float32)
    assert fits(boxes, (100, 100), 10, 5, 0.9).tolist() == [True, False, False, False, False, False]
    assert fits(boxes, (100, 100)).tolist() == [True, True, True, True, False, False]

import cv2
import numpy as np

from mmrice.data_engine.boxes import fits, pairwise_iou
from mmrice.data_engine.selective_search import (
    adjacency,
    group,
    oriented_gradients,
    region_histograms,
    selective_search,
    superpixel_boxes,
)

LABELS = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 2, 1]])


def test_superpixel_boxes_have_exclusive_ends():
    assert superpixel_boxes(LABELS).tolist() == [[0, 0, 2, 2], [2, 0, 4, 3], [0, 2, 3, 3]]


def test_superpixels_touch_where_pixels_share_an_edge():
    labels = np.array([[0, 1], [2, 3]])
    expected = np.ones((4, 4), bool) ^ np.eye(4, dtype=bool)
    expected[[0, 3, 1, 2], [3, 0, 2, 1]] = False
    np.testing.assert_array_equal(adjacency(labels), expected)


def test_histograms_count_the_pixels_of_each_superpixel():
    values = np.array([[0.0, 0.99, 0.1, 0.1], [0.0, 0.99, 0.1, 1.0], [0.5, 0.5, 0.5, 0.5]])[..., None]
    np.testing.assert_allclose(region_histograms(LABELS, values, 2), [[0.5, 0.5], [0.6, 0.4], [0, 1]], atol=1e-6)


def test_gradients_point_across_an_edge():
    image = np.zeros((16, 16, 3), np.float32)
    image[:, 8:] = 1
    response = oriented_gradients(image)
    assert response.shape == (16, 16, 24)
    strongest = response.max((0, 1))[::3]
    assert strongest.argmax() == 0 and strongest[4] == 0  # rising to the right, never falling


def test_grouping_merges_alike_neighbours_first_and_ends_with_the_whole_image():
    labels = np.repeat(np.arange(4), 5)[None].repeat(10, 0)
    colour = np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]], np.float32)
    boxes, scores = group(labels, colour, colour)
    assert len(boxes) == 7
    assert {tuple(box) for box in boxes[4:6].tolist()} == {(0, 0, 10, 10), (10, 0, 20, 10)}
    assert boxes[-1].tolist() == [0, 0, 20, 10] and scores[-1] == 0
    # The two halves differ more from each other than the quarters within them do.
    assert scores[4:6].min() > scores[:4].max()


def test_an_obvious_object_is_found_and_scored_high():
    rng = np.random.default_rng(0)
    image = np.clip(rng.normal(120, 6, (160, 200, 3)), 0, 255).astype(np.uint8)
    cv2.ellipse(image, (110, 70), (40, 25), 0, 0, 360, (200, 40, 30), -1)
    boxes, scores = selective_search(image, scale=100)
    iou = pairwise_iou(boxes, np.array([[70, 45, 151, 96]], np.float32))[:, 0]
    assert iou.max() > 0.9
    assert scores[iou > 0.7].max() == scores[fits(boxes, (160, 200), max_area=0.9)].max()


def test_proposals_lie_in_the_image_and_repeat_exactly(image):
    boxes, scores = selective_search(image, 100)
    again, scores_again = selective_search(image, 100)
    np.testing.assert_array_equal(boxes, again)
    np.testing.assert_array_equal(scores, scores_again)
    assert boxes.dtype == np.float32 and (boxes[:, 2:] > boxes[:, :2]).all()
    assert boxes.min() >= 0 and boxes.max() <= 128
    assert ((scores >= 0) & (scores <= 1)).all()


def test_an_image_of_one_colour_is_one_region():
    boxes, scores = selective_search(np.full((50, 60, 3), 80, np.uint8), 100)
    assert boxes.tolist() == [[0, 0, 60, 50]] and scores.tolist() == [0]

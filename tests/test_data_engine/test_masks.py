import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmrice.data_engine.masks import (
    crop_boxes,
    mask_boxes,
    near_crop_edge,
    object_masks,
    point_grid,
    resize_logits,
    stability_score,
    stable_boxes,
)


def blobs(count, height, width, seed=0):
    noise = torch.randn(count, 1, 5, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return F.interpolate(noise, (height, width), mode='bicubic')[:, 0] * 3


def slow_box(mask):
    rows, columns = np.nonzero(mask)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1] if len(rows) else [0, 0, 0, 0]


def test_points_are_the_centres_of_equal_cells_row_by_row():
    np.testing.assert_allclose(point_grid(2), [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]])
    np.testing.assert_allclose(point_grid(32)[[0, 33, -1]], np.array([[1, 1], [3, 3], [63, 63]]) / 64)


@pytest.mark.parametrize('layers', [0, 1, 2])
@pytest.mark.parametrize('size', [(100, 100), (61, 140), (500, 333)])
def test_crops_are_those_of_transformers(size, layers):
    sam = pytest.importorskip('transformers.models.sam2.image_processing_sam2_fast')
    boxes, numbers = sam._generate_per_layer_crops(layers, 512 / 1500, size)
    assert crop_boxes(size, layers) == list(zip(numbers, map(tuple, boxes)))


def test_crops_of_a_tiny_image_are_never_empty():
    boxes = [box for _, box in crop_boxes((2, 3), 3)]
    assert all(x2 > x1 and y2 > y1 and x2 <= 3 and y2 <= 2 for x1, y1, x2, y2 in boxes)


def test_boxes_that_end_at_an_edge_of_the_crop_but_not_of_the_image_are_cut_off():
    crop, size = (100, 0, 300, 200), (400, 300)
    boxes = np.array([[110, 60, 200, 150], [130, 60, 200, 150], [130, 0, 300, 150], [130, 60, 200, 195]], np.float32)
    assert near_crop_edge(boxes, crop, size).tolist() == [True, False, False, True]
    assert not near_crop_edge(boxes, (0, 0, 300, 400), size).any()


def test_a_box_is_the_extent_of_its_mask():
    masks = torch.cat([blobs(20, 31, 45) > 1, torch.zeros(1, 31, 45, dtype=torch.bool), torch.ones(1, 31, 45) > 0])
    masks[3] = False
    masks[3, 30, 44] = True
    assert mask_boxes(masks).tolist() == [slow_box(mask.numpy()) for mask in masks]
    assert mask_boxes(masks[:0]).shape == (0, 4)


def test_stability_is_the_overlap_of_a_wide_and_a_narrow_cut():
    logits = torch.cat([blobs(12, 20, 30), torch.full((1, 20, 30), -5.0)])
    for threshold, offset in ((0, 1), (0.5, 0.25)):
        expected = []
        for mask in logits.numpy():
            both = sum(value > threshold + offset for value in mask.ravel())
            either = sum(value > threshold - offset for value in mask.ravel())
            expected.append(both / either if either else 0)
        np.testing.assert_allclose(stability_score(logits, threshold, offset), expected, rtol=1e-6)


def test_of_four_masks_a_point_the_first_is_not_for_single_points():
    logits, ious = blobs(8, 4, 4).reshape(2, 4, 4, 4), torch.arange(8.0).reshape(2, 4)
    chosen, scores = object_masks(logits, ious)
    assert scores.tolist() == [1, 2, 3, 5, 6, 7]
    torch.testing.assert_close(chosen, logits[:, 1:].reshape(6, 4, 4))
    assert object_masks(logits[:, :3], ious[:, :3])[1].tolist() == [0, 1, 2, 4, 5, 6]
    assert object_masks(logits[:, :1], ious[:, :1])[1].tolist() == [0, 4]


@pytest.mark.parametrize('size', [(48, 80), (90, 30)])
def test_logits_are_resized_as_the_image_processors_of_transformers_do(size):
    hf = pytest.importorskip('transformers')
    coarse = blobs(3, 16, 16).float()
    frame, ratio = (64, 64), 64 / max(size)
    content = tuple(int(edge * ratio + 0.5) for edge in size)
    sam = hf.SamImageProcessor(pad_size={'height': 64, 'width': 64})
    expected = sam.post_process_masks([coarse[None]], [size], [content], binarize=False)[0][0]
    torch.testing.assert_close(resize_logits(coarse, size, frame, content), expected)
    expected = hf.Sam2ImageProcessorFast().post_process_masks([coarse[None]], [size], binarize=False)[0][0]
    torch.testing.assert_close(resize_logits(coarse, size), expected)


def test_stable_boxes_are_those_of_stable_masks_however_many_there_are():
    logits = blobs(70, 16, 16)
    logits[40] = -9
    enlarged = resize_logits(logits, (60, 64))
    stable = [i for i in range(70) if stability_score(enlarged)[i] >= 0.4 and i != 40]
    assert 20 < len(stable) < 65
    kept, boxes = stable_boxes(logits, (60, 64), min_stability=0.4)
    assert kept.tolist() == stable
    assert boxes.tolist() == [slow_box(enlarged[i].numpy() > 0) for i in stable] and boxes.dtype == np.float32
    kept, boxes = stable_boxes(logits[:0], (60, 64))
    assert len(kept) == 0 and boxes.shape == (0, 4)

import naive_ops
import numpy as np
import pytest
import torch
from naive_ops import needs_stand_in

import mmrice  # noqa: F401

pytestmark = needs_stand_in


def crowded_boxes(count=60, seed=0):
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * 40
    size = torch.rand(count, 2, generator=generator) * 30 + 2
    return torch.cat([corner, corner + size], 1), torch.rand(count, generator=generator)


@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('threshold', [0.1, 0.5, 0.9])
def test_nms_keeps_the_boxes_that_a_loop_keeps(threshold, offset):
    from mmcv.ops import nms
    boxes, scores = crowded_boxes()
    dets, kept = nms(boxes, scores, threshold, offset)
    assert kept.tolist() == naive_ops.nms(boxes.double().tolist(), scores.tolist(), threshold, offset)
    torch.testing.assert_close(dets, torch.cat([boxes[kept], scores[kept, None]], 1), rtol=0, atol=0)


def test_nms_filters_by_score_and_number():
    from mmcv.ops import nms
    boxes, scores = crowded_boxes()
    everything = nms(boxes, scores, 0.5)[1]
    some = nms(boxes, scores, 0.5, score_threshold=0.3, max_num=5)[1]
    assert some.tolist() == [i for i in everything.tolist() if scores[i] > 0.3][:5]


def test_nms_keeps_a_box_whose_overlap_equals_the_threshold():
    from mmcv.ops import nms
    boxes = torch.tensor([[0., 0., 10., 10.], [0., 0., 10., 3.]])  # overlap 0.3
    assert len(nms(boxes, torch.tensor([0.9, 0.8]), 0.3)[1]) == 2


def test_nms_accepts_no_boxes_and_half_precision():
    from mmcv.ops import nms
    assert nms(torch.zeros(0, 4), torch.zeros(0), 0.5)[1].tolist() == []
    boxes, scores = crowded_boxes(20)
    boxes = boxes.bfloat16()
    assert nms(boxes, scores, 0.5)[1].tolist() == nms(boxes.float(), scores, 0.5)[1].tolist()


@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('method', ['naive', 'linear', 'gaussian'])
def test_soft_nms_gives_the_scores_of_a_loop(method, offset):
    from mmcv.ops import soft_nms
    boxes, scores = crowded_boxes()
    dets, kept = soft_nms(boxes, scores, 0.3, sigma=0.5, min_score=0.05, method=method, offset=offset)
    expected = naive_ops.soft_nms(boxes.double().tolist(), scores.tolist(), 0.3, 0.5, 0.05, method, offset)
    assert kept.tolist() == [index for index, _ in expected]
    np.testing.assert_allclose(dets[:, 4].numpy(), [score for _, score in expected], rtol=2e-5)
    torch.testing.assert_close(dets[:, :4], boxes[kept], rtol=0, atol=0)


def test_soft_nms_accepts_no_boxes():
    from mmcv.ops import soft_nms
    dets, kept = soft_nms(torch.zeros(0, 4), torch.zeros(0))
    assert dets.shape == (0, 5) and kept.shape == (0, )


def test_nms_match_groups_each_box_with_those_it_suppresses():
    from mmcv.ops import nms_match
    boxes, scores = crowded_boxes(40)
    groups = [group.tolist() for group in nms_match(torch.cat([boxes, scores[:, None]], 1), 0.4)]
    left, expected = sorted(range(len(boxes)), key=lambda i: -scores[i]), []
    while left:
        best = left.pop(0)
        group = [i for i in left if naive_ops.iou(boxes[best].tolist(), boxes[i].tolist()) >= 0.4]
        expected.append([best, *group])
        left = [i for i in left if i not in group]
    assert groups == expected


@pytest.mark.parametrize('cfg', [dict(type='nms', iou_threshold=0.5), dict(type='soft_nms', iou_threshold=0.5)])
def test_batched_nms_treats_classes_apart(cfg):
    from mmcv.ops import batched_nms, nms, soft_nms
    boxes, scores = crowded_boxes()
    classes = torch.arange(len(boxes)) % 3
    dets, kept = batched_nms(boxes, scores, classes, cfg)
    alone = dict(nms=nms, soft_nms=soft_nms)[cfg['type']]
    for number in range(3):
        mine = torch.nonzero(classes == number)[:, 0]
        expected = mine[alone(boxes[mine], scores[mine], iou_threshold=0.5)[1]]
        assert kept[classes[kept] == number].tolist() == expected.tolist()
    assert dets[:, 4].tolist() == sorted(dets[:, 4].tolist(), reverse=True)


@pytest.mark.parametrize('mode', ['iou', 'iof'])
@pytest.mark.parametrize('offset', [0, 1])
def test_bbox_overlaps_equals_a_loop(mode, offset):
    from mmcv.ops import bbox_overlaps
    a, b = crowded_boxes(7)[0], crowded_boxes(5, seed=1)[0]
    result = bbox_overlaps(a, b, mode, offset=offset)
    for i, j in np.ndindex(7, 5):
        overlap = naive_ops.iou(a[i].tolist(), b[j].tolist(), offset)
        if mode == 'iof':
            areas = [float((box[2] - box[0] + offset) * (box[3] - box[1] + offset)) for box in (a[i], b[j])]
            overlap = overlap * sum(areas) / (1 + overlap) / areas[0]
        assert result[i, j].item() == pytest.approx(overlap, rel=1e-4, abs=1e-6)
    torch.testing.assert_close(bbox_overlaps(a[:5], b, mode, aligned=True, offset=offset), result.diagonal())

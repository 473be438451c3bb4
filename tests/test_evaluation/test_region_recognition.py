import json

import numpy as np
import pytest
import torch

from mmrice.evaluation import RegionRecognition
from mmrice.evaluation.recognition import ranks_of_truth
from mmrice.utils import UserError

CLASSES = tuple('abcdefghij')
IMAGES = 7


def sample(number):
    """Boxes of an image, whose class 9 never occurs; image 3 has none."""
    draw = torch.Generator().manual_seed(number)
    boxes = 0 if number == 3 else 4 + number
    return dict(pred_regions=dict(labels=torch.randint(9, (boxes, ), generator=draw),
                                  scores=torch.randn(boxes, 10, generator=draw)))


def measure(numbers=range(IMAGES), **kwargs):
    metric = RegionRecognition(**kwargs)
    metric.dataset_meta = dict(classes=CLASSES)
    for number in numbers:
        metric.process(None, [sample(number)])
    return metric.evaluate(IMAGES)


def reference(k):
    """Right or not, one box at a time: {class: [bool, ...]}."""
    found = {}
    for number in range(IMAGES):
        regions = sample(number)['pred_regions']
        for label, scores in zip(regions['labels'].tolist(), regions['scores'].tolist()):
            best = sorted(range(10), key=lambda place: -scores[place])[:k]
            found.setdefault(label, []).append(label in best)
    return found


def test_accuracies_of_boxes_and_of_classes_are_those_of_a_plain_count():
    metrics = measure()
    for k, boxes, classes in ((1, 'accuracy/top1', 'mAcc'), (5, 'accuracy/top5', 'mAcc_top5')):
        right = reference(k)
        assert metrics[f'regions/{boxes}'] == pytest.approx(100 * np.mean(sum(right.values(), [])))
        assert metrics[f'regions/{classes}'] == pytest.approx(100 * np.mean([np.mean(own) for own in right.values()]))
    assert metrics['regions/accuracy/top1'] != metrics['regions/mAcc'] and len(right) == 9 and len(metrics) == 4


def test_rare_common_and_frequent_classes_have_means_of_their_own(tmp_path):
    frequencies = dict(zip(CLASSES, 'rrcccffffr'))
    path = tmp_path / 'lvis.json'
    path.write_text(json.dumps(dict(categories=[dict(name=name, frequency=frequencies[name]) for name in CLASSES])))
    metrics, right = measure(ann_file=str(path)), reference(1)
    for letter, members in (('r', (0, 1)), ('c', (2, 3, 4)), ('f', (5, 6, 7, 8))):
        expected = 100 * np.mean([np.mean(right[label]) for label in members])
        assert metrics[f'regions/mAcc_{letter}'] == pytest.approx(expected)


def test_a_model_that_tells_nothing_apart_is_never_right():
    labels = torch.tensor([0, 3])
    assert ranks_of_truth(torch.zeros(2, 10), labels).tolist() == [9, 9]
    assert ranks_of_truth(torch.full((2, 10), torch.nan), labels).tolist() == [9, 9]
    assert ranks_of_truth(torch.eye(10)[labels], labels).tolist() == [0, 0]


def test_what_cannot_be_measured_is_named(tmp_path):
    path = tmp_path / 'coco.json'
    path.write_text(json.dumps(dict(categories=[dict(name='a')])))
    with pytest.raises(UserError, match='coco.json: no json whose categories have a name and a frequency'):
        RegionRecognition(ann_file=str(path))
    path.write_text(json.dumps(dict(categories=[dict(name='a', frequency='often')])))
    with pytest.raises(UserError, match="coco.json: frequency 'often', expected r, c or f"):
        RegionRecognition(ann_file=str(path))
    path.write_text(json.dumps(dict(categories=[dict(name='a', frequency='f')])))
    with pytest.raises(UserError, match="'b' is a class of the dataset, but no category"):
        measure(ann_file=str(path))
    with pytest.raises(UserError, match='no pred_regions.*RegionRecognizer'):
        RegionRecognition().process(None, [dict(pred_instances={})])
    with pytest.raises(UserError, match='no image has a box'):
        measure([3])

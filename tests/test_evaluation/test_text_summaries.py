"""What the metrics of regions and texts compute becomes tables."""
import json

import numpy as np
import pytest
import test_region_recognition as recognition
import test_text_retrieval as retrieval
import torch

from mmrice.apis.results import tables
from mmrice.evaluation import ImageTextRetrieval, RegionRecognition, RegionTextRetrieval
from mmrice.evaluation.summaries import watch


def watched(metric, samples, size):
    summaries = watch([metric])
    metric.process(None, samples)
    return summaries, metric.evaluate(size)


def test_boxes_and_classes_have_rows_and_each_class_its_own(tmp_path):
    frequencies = dict(zip(recognition.CLASSES, 'rrcccffffr'))
    path = tmp_path / 'lvis.json'
    path.write_text(json.dumps(dict(categories=[dict(name=name, frequency=own) for name, own in frequencies.items()])))
    metric = RegionRecognition(ann_file=str(path))
    metric.dataset_meta = dict(classes=recognition.CLASSES)
    (summary, ), metrics = watched(metric, [recognition.sample(number) for number in range(7)], 7)
    rows, right = summary.rows, recognition.reference(1)
    assert summary.covers == set(metrics) and list(rows) == [
        'all boxes', 'class mean', 'rare classes', 'common classes', 'frequent classes']
    assert rows['all boxes']['top-1'] == metrics['regions/accuracy/top1']
    assert rows['class mean']['top-5'] == metrics['regions/mAcc_top5']
    assert [row.get('classes') for row in rows.values()] == [None, 9, 2, 3, 4]
    groups = [rows[f'{name} classes']['boxes'] for name in ('rare', 'common', 'frequent')]
    assert sum(groups) == rows['all boxes']['boxes']
    for label, name in enumerate(recognition.CLASSES[:9]):
        found = summary.classes['all boxes'][name]
        assert found['top-1'] == pytest.approx(100 * np.mean(right[label])) and found['boxes'] == len(right[label])
    assert summary.classes['all boxes']['j'] == {'top-1': None, 'top-5': None, 'boxes': 0}
    text = tables(metrics, [summary])
    assert text.startswith('region recognition, %') and '| frequent classes |' in text and 'metrics' not in text


@pytest.mark.parametrize('kind, name, rows', [
    (RegionTextRetrieval, 'region_retrieval', ['region to text', 'text to region']),
    (ImageTextRetrieval, 'image_retrieval', ['image to text', 'text to image'])])
def test_both_ways_of_retrieval_have_a_row(kind, name, rows):
    (summary, ), metrics = watched(kind(topk=(2, )), [retrieval.sample(number) for number in range(9)], 9)
    assert (summary.name, list(summary.rows), summary.covers) == (name, rows, set(metrics))
    assert [row['recall@2'] for row in summary.rows.values()] == list(metrics.values())
    assert all(row['queries'] > 5 for row in summary.rows.values())


@pytest.mark.parametrize('name', ['AveragePrecision', 'VOCAveragePrecision'])
def test_the_mean_average_precision_has_a_row_and_each_class_its_own(name):
    multi_label = pytest.importorskip('mmpretrain.evaluation')
    scores = torch.tensor([[.9, .2], [.8, .1], [.1, .7]])
    samples = [dict(pred_score=own, gt_label=torch.tensor(labels), gt_label_difficult=[])
               for own, labels in zip(scores, ([1], [0], [0, 1]))]
    metric = getattr(multi_label, name)()
    metric.dataset_meta = dict(classes=('cat', 'dog'))
    (summary, ), metrics = watched(metric, samples, 3)
    assert {key: own['AP'] for key, own in summary.classes['all'].items()} == pytest.approx(
        dict(cat=100 * (1 / 2 + 2 / 3) / 2, dog=100))
    assert summary.rows['all'] == dict(mAP=pytest.approx(metrics['multi-label/mAP']), classes=2)
    assert summary.covers == set(metrics) and tables(metrics, [summary]).startswith('image tags, %')

"""LVISMetric against the lvis package itself, on truth where frequencies, absent classes and open images matter."""
import json

import numpy as np
import pytest
import torch

import mmrice  # noqa: F401 before a host
from mmrice.evaluation.summaries import watch
from mmrice.registry import METRICS

pytest.importorskip('lvis')
CLASSES = dict(cup='r', owl='c', car='c', man='f', dog='f')
ITEMS = ('AP', 'AP50', 'AP75', 'APs', 'APm', 'APl', 'APr', 'APc', 'APf')


@pytest.fixture(scope='module')
def truth(tmp_path_factory):
    """Eight images: an object each of three classes, one class known to be absent, one not fully annotated."""
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for number in range(1, 9):
        present = rng.permutation(5)[:3] + 1
        others = [int(category) for category in range(1, 6) if category not in present]
        images.append(dict(id=number, width=200, height=200, coco_url=f'http://x/val2017/{number}.jpg',
                           neg_category_ids=others[:1], not_exhaustive_category_ids=others[1:]))
        for category in present:
            x, y, side = rng.integers(0, 60, 2).tolist() + [int(rng.choice([20, 60, 110]))]
            annotations.append(dict(
                id=len(annotations) + 1, image_id=number, category_id=int(category), bbox=[x, y, side, side],
                area=side * side, iscrowd=0,
                segmentation=[[x, y, x + side, y, x + side, y + side, x, y + side]]))
    categories = [dict(id=place, name=name, frequency=frequency, synset='', image_count=1, instance_count=1)
                  for place, (name, frequency) in enumerate(CLASSES.items(), 1)]
    path = tmp_path_factory.mktemp('lvis') / 'truth.json'
    path.write_text(json.dumps(dict(images=images, annotations=annotations, categories=categories)))
    return path


@pytest.fixture(scope='module')
def predictions(truth):
    """Of each image: jittered truth, and noise of all classes."""
    rng = np.random.default_rng(1)
    content, found = json.loads(truth.read_text()), []
    for image in content['images']:
        boxes, labels = [], []
        for item in content['annotations']:
            if item['image_id'] == image['id']:
                x, y, w, h = np.asarray(item['bbox']) + rng.normal(0, 3, 4)
                boxes.append([x, y, x + w, y + h])
                labels.append(item['category_id'] - 1)
        noise = rng.uniform(0, 80, (10, 4)) + [0, 0, 90, 90]
        boxes, labels = np.concatenate([boxes, noise]), np.concatenate([labels, rng.integers(0, 5, 10)])
        scores = torch.tensor(rng.uniform(size=len(labels)))
        found.append(dict(img_id=image['id'], ori_shape=(200, 200), pred_instances=dict(
            bboxes=torch.tensor(boxes), labels=torch.tensor(labels), scores=scores)))
    return found


@pytest.fixture(scope='module')
def reference(truth, predictions):
    """The package's own numbers, fractions, and its evaluator."""
    from lvis import LVIS, LVISEval, LVISResults

    from mmrice.evaluation.lvis_metric import _old_numpy_name
    boxes = []
    for sample in predictions:
        for (x1, y1, x2, y2), score, label in zip(*(sample['pred_instances'][key].tolist()
                                                    for key in ('bboxes', 'scores', 'labels'))):
            boxes.append(dict(image_id=sample['img_id'], category_id=label + 1, score=score,
                              bbox=[x1, y1, x2 - x1, y2 - y1]))
    with _old_numpy_name():
        gt = LVIS(str(truth))
        evaluator = LVISEval(gt, LVISResults(gt, boxes), 'bbox')
        evaluator.run()
    return evaluator


@pytest.fixture(scope='module')
def measured(truth, predictions):
    metric = METRICS.build(dict(type='mmrice.LVISMetric', ann_file=str(truth)))
    metric.dataset_meta = dict(classes=tuple(CLASSES))
    metric.process({}, predictions)
    summaries = watch([metric])
    metrics = metric.evaluate(size=len(predictions))
    return metrics, summaries[0]


def test_ap_of_rare_common_and_frequent_classes_is_the_packages(measured, reference):
    metrics, summary = measured
    expected = {name: reference.results[name] for name in ITEMS}
    assert len({round(expected[name], 3) for name in ('AP', 'APr', 'APc', 'APf')}) == 4 and min(expected.values()) > 0
    assert metrics == {f'lvis/bbox_{name}': round(value, 3) for name, value in expected.items()}
    assert summary.rows['bbox'] == pytest.approx({name: 100 * value for name, value in reference.results.items()})


def test_a_groups_ap_is_the_mean_of_its_classes(measured):
    _, summary = measured
    classes, rows = summary.classes['bbox'], summary.rows['bbox']
    assert {name: values['frequency'] for name, values in classes.items()} == CLASSES
    for group in 'rcf':
        values = [classes[name]['AP'] for name, frequency in CLASSES.items() if frequency == group]
        assert np.mean(values) == pytest.approx(rows[f'AP{group}'])


def test_a_rare_class_found_exactly_counts_for_rare_classes_alone(truth):
    content = json.loads(truth.read_text())
    metric = METRICS.build(dict(type='mmrice.LVISMetric', ann_file=str(truth)))
    metric.dataset_meta = dict(classes=tuple(CLASSES))
    for image in content['images']:
        boxes = [item['bbox'] for item in content['annotations']
                 if item['image_id'] == image['id'] and item['category_id'] == 1]
        boxes = torch.tensor([[x, y, x + w, y + h] for x, y, w, h in boxes]).reshape(-1, 4)
        metric.process({}, [dict(img_id=image['id'], ori_shape=(200, 200), pred_instances=dict(
            bboxes=boxes, scores=torch.ones(len(boxes)), labels=torch.zeros(len(boxes), dtype=torch.long)))])
    found = metric.evaluate(size=8)
    assert [found[f'lvis/bbox_{name}'] for name in ('APr', 'APc', 'APf', 'AP')] == [1, 0, 0, 0.2]

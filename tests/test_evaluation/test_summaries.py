"""What metrics compute but do not return is kept, and no number changes."""
import json

import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from PIL import Image
from test_coco_metric import CLASSES, coco_file, samples  # noqa: F401

import mmrice  # noqa: F401 before a host
from mmrice.compat.panoptic import id2rgb
from mmrice.evaluation.summaries import watch
from mmrice.registry import METRICS


def coco_metric(kind, path, **config):
    with METRICS.switch_scope_and_registry('mmdet'):
        metric = METRICS.build(dict(type=kind, ann_file=str(path), metric=['bbox', 'segm'], **config))
    metric.dataset_meta = dict(classes=CLASSES)
    metric.process({}, list(samples()))
    return metric


@pytest.mark.parametrize('kind', ['mmdet.CocoMetric', 'mmrice.CocoMetric'])
def test_numbers_of_coco_are_those_that_the_metric_returns_before_it_rounds_them(kind, coco_file):  # noqa: F811
    expected = coco_metric(kind, coco_file).evaluate(size=12)
    metric = coco_metric(kind, coco_file)
    (summary, ), returned = watched(metric)
    assert returned == expected and summary.covers == set(expected)
    assert list(summary.rows) == ['bbox', 'segm'] and all(len(row) == 12 for row in summary.rows.values())
    for row, values in summary.rows.items():
        theirs = [expected[f'coco/{row}_{name}'] for name in ('mAP', 'mAP_50', 'mAP_75', 'mAP_s', 'mAP_m', 'mAP_l')]
        ours = [values[name] / 100 for name in ('AP', 'AP50', 'AP75', 'APs', 'APm', 'APl')]
        assert [round(value, 3) for value in ours] == theirs and ours != theirs
        classes = summary.classes[row]
        assert list(classes) == list(CLASSES)
        for name in ('AP', 'AP50', 'AP75'):  # each class has objects, so a mean of means is the mean
            assert np.mean([each[name] for each in classes.values()]) == pytest.approx(values[name])


def test_ap_of_a_class_is_that_of_an_evaluation_of_this_class_alone(coco_file):  # noqa: F811
    (summary, ), _ = watched(coco_metric('mmrice.CocoMetric', coco_file))
    alone = coco_metric('mmrice.CocoMetric', coco_file)
    alone.dataset_meta = dict(classes=('dog', ))
    for _, found in alone.results:
        kept = found['labels'] == 1
        found['masks'] = [mask for mask, keep in zip(found['masks'], kept) if keep]
        found.update(bboxes=found['bboxes'][kept], scores=found['scores'][kept], labels=found['labels'][kept] - 1)
    (only, ), _ = watched(alone)
    values = {name: only.rows['segm'][name] for name in ('AP', 'AP50', 'AP75', 'APs', 'APm', 'APl')}
    assert summary.classes['segm']['dog'] == pytest.approx(values)


def test_what_could_not_be_measured_is_none(coco_file):  # noqa: F811
    content = json.loads(coco_file.read_text())
    content['annotations'] = [item for item in content['annotations'] if item['area'] < 32**2]
    coco_file.write_text(json.dumps(content))
    (summary, ), returned = watched(coco_metric('mmrice.CocoMetric', coco_file))
    assert returned['coco/bbox_mAP_l'] == -1 and summary.rows['bbox']['APl'] is None
    assert summary.classes['bbox']['cat']['APl'] is None and summary.rows['bbox']['APs'] > 0


def test_the_terminal_shows_no_table_and_the_log_file_has_it(coco_file, capsys, tmp_path):  # noqa: F811
    from mmseg.evaluation import IoUMetric
    logger = MMLogger.get_instance('quiet', log_file=str(tmp_path / 'log'), log_level='INFO')
    detection, pixels = coco_metric('mmdet.CocoMetric', coco_file, classwise=True), IoUMetric()
    pixels.dataset_meta = dict(classes=CLASSES)
    pixels.process({}, [pixel_sample(0)])
    watched(detection)
    watched(pixels, size=1)
    out = capsys.readouterr().out
    assert 'Evaluating segm' in out and 'Running per image evaluation' in out
    assert 'Average' not in out and '+---' not in out and 'copypaste' not in out and 'per class' not in out
    logged = (tmp_path / 'log').read_text()
    assert logged.count('+\n| ') == 4 + 2 and 'IoU' in logged  # AsciiTable has no inner rules, PrettyTable one
    logger.info('\n+--+')
    print(' Average of mine')
    assert capsys.readouterr().out.count('\n+--+') == 1
    MMLogger._instance_dict.pop('quiet')


def watched(metric, size=12):
    """(summaries, returned metrics) of a metric that has processed everything."""
    summaries = watch([metric])
    return summaries, metric.evaluate(size=size)


def pixel_sample(seed):
    rng = np.random.default_rng(seed)
    truth = torch.tensor(rng.integers(0, 2, (1, 20, 20)))
    truth[0, :5] = 255
    return dict(gt_sem_seg=dict(data=truth), pred_sem_seg=dict(data=torch.tensor(rng.integers(0, 2, (1, 20, 20)))))


def test_iou_of_each_class_is_that_of_a_plain_count():
    from mmseg.evaluation import IoUMetric
    found = [pixel_sample(seed) for seed in range(3)]
    metric = IoUMetric(iou_metrics=['mIoU', 'mDice'])
    metric.dataset_meta = dict(classes=CLASSES)
    metric.process({}, found)
    (summary, ), returned = watched(metric, size=3)
    truth, guess = (torch.stack([sample[key]['data'] for sample in found]) for key in ('gt_sem_seg', 'pred_sem_seg'))
    seen = truth != 255
    for number, name in enumerate(CLASSES[:2]):
        real, meant = seen & (truth == number), seen & (guess == number)
        both, either = (real & meant).sum(), (real | meant).sum()
        assert summary.classes['all'][name]['IoU'] == pytest.approx(100 * float(both / either))
        assert summary.classes['all'][name]['Acc'] == pytest.approx(100 * float(both / real.sum()))
    assert summary.classes['all']['hat'] == dict(IoU=None, Acc=None, Dice=None)
    assert summary.rows['all'] == {name: pytest.approx(value, abs=0.006) for name, value in returned.items()}
    assert set(summary.rows['all']) == {'aAcc', 'mIoU', 'mAcc', 'mDice'}


def test_quality_of_things_stuff_and_each_class_is_that_of_segments_drawn_for_it(tmp_path):
    """Of class 0 one segment is found exactly and one is missed, class 1 is found to 3/4, class 2 does not occur."""
    from mmdet.evaluation import CocoPanopticMetric
    truth, found = np.zeros((40, 40), np.int64), np.full((40, 40), 3)
    truth[:20, :20], truth[:20, 20:], truth[20:] = 1, 2, 3
    found[:20, :20], found[20:, :30] = 1000, 1  # instance 1 of class 0; class 1
    Image.fromarray(id2rgb(truth)).save(tmp_path / 'one.png')
    metric = CocoPanopticMetric(seg_prefix=str(tmp_path), nproc=1)
    metric.dataset_meta = dict(classes=('cat', 'sky', 'sea'), thing_classes=('cat', ), stuff_classes=('sky', 'sea'))
    metric.process({}, [dict(
        img_id=1, img_path='one.jpg', ori_shape=(40, 40), segments_info=[
            dict(id=1, category=0, is_thing=True), dict(id=2, category=0, is_thing=True),
            dict(id=3, category=1, is_thing=False)],
        pred_panoptic_seg=dict(sem_seg=torch.tensor(found)[None]))])
    (summary, ), returned = watched(metric, size=1)
    assert summary.rows['things'] == dict(PQ=pytest.approx(200 / 3), SQ=100, RQ=pytest.approx(200 / 3), classes=1)
    assert summary.rows['stuff'] == dict(PQ=pytest.approx(75), SQ=pytest.approx(75), RQ=100, classes=1)
    assert summary.rows['all']['PQ'] == pytest.approx((200 / 3 + 75) / 2) == pytest.approx(returned['coco_panoptic/PQ'])
    assert summary.classes['all']['cat']['PQ'] == pytest.approx(200 / 3)
    assert summary.classes['all']['sea'] == dict(PQ=None, SQ=None, RQ=None)

import numpy as np
import pytest
import torch

import mmrice  # noqa: F401 before a host
from mmrice.registry import METRICS
from mmrice.utils import UserError

CLASSES = ('cat', 'dog', 'hat')


def box(rng, size):
    x, y = rng.uniform(0, 300, 2)
    return [x, y, x + size * rng.uniform(0.5, 2), y + size * rng.uniform(0.5, 2)]


def mask(xyxy):
    canvas = np.zeros((400, 400), np.uint8)
    x1, y1, x2, y2 = (int(v) for v in xyxy)
    canvas[y1:y2, x1:x2] = 1
    return canvas


def samples(seed=0, images=12):
    """Truth with objects of all sizes, and predictions that are jittered truth and noise."""
    from mmdet.structures.mask import encode_mask_results
    rng = np.random.default_rng(seed)
    for number in range(images):
        truth = [box(rng, rng.choice([15, 60, 150])) for _ in range(5)]
        labels = rng.integers(0, 3, 5)
        found = [list(np.asarray(b) + rng.normal(0, 4, 4)) for b in truth] + [box(rng, 50) for _ in range(120)]
        found = [[x1, y1, max(x2, x1 + 2), max(y2, y1 + 2)] for x1, y1, x2, y2 in np.clip(found, 0, 399)]
        masks = [mask(b) for b in found]
        yield dict(
            img_id=number, ori_shape=(400, 400),
            gt_instances=dict(bboxes=torch.tensor(truth), labels=torch.tensor(labels), masks=[mask(b) for b in truth]),
            pred_instances=dict(bboxes=torch.tensor(np.array(found, np.float32)),
                                scores=torch.tensor(np.concatenate([rng.uniform(.4, 1, 5), rng.uniform(0, .6, 120)])),
                                labels=torch.tensor(np.concatenate([labels, rng.integers(0, 3, 120)])),
                                masks=encode_mask_results(masks)))


@pytest.fixture
def coco_file(tmp_path):
    """The truth of the samples as a COCO json."""
    import json

    from pycocotools import mask as coder
    images, annotations = [], []
    for sample in samples():
        images.append(dict(id=sample['img_id'], width=400, height=400, file_name=f'{sample["img_id"]}.jpg'))
        truth = sample['gt_instances']
        for (x1, y1, x2, y2), label, one in zip(truth['bboxes'].tolist(), truth['labels'].tolist(), truth['masks']):
            rle = coder.encode(np.asfortranarray(one))
            annotations.append(dict(
                id=len(annotations) + 1, image_id=sample['img_id'], category_id=label + 1, iscrowd=0,
                bbox=[x1, y1, x2 - x1, y2 - y1], area=float(coder.area(rle)),
                segmentation=dict(size=rle['size'], counts=rle['counts'].decode())))
    path = tmp_path / 'truth.json'
    categories = [dict(id=number + 1, name=name) for number, name in enumerate(CLASSES)]
    path.write_text(json.dumps(dict(images=images, annotations=annotations, categories=categories)))
    return path


def evaluate(coco_file, **config):
    metric = METRICS.build(dict(type='mmrice.CocoMetric', ann_file=str(coco_file), metric=['bbox', 'segm'], **config))
    metric.dataset_meta = dict(classes=CLASSES)
    metric.process({}, list(samples()))
    return metric.evaluate(size=12)


def test_both_backends_give_the_same_twelve_numbers_for_boxes_and_masks(coco_file):
    fast, reference = evaluate(coco_file), evaluate(coco_file, backend='pycocotools')
    assert fast == reference and len(fast) == 24
    values = [fast[f'coco/{kind}_{name}'] for kind in ('bbox', 'segm') for name in (
        'mAP', 'mAP_50', 'mAP_75', 'mAP_s', 'mAP_m', 'mAP_l', 'AR@1', 'AR@10', 'AR@100', 'AR_s@100', 'AR_m@100',
        'AR_l@100')]
    assert all(0 < value < 1 for value in values)


def test_with_mmdetections_counts_the_numbers_are_mmdetections(coco_file):
    from mmdet.evaluation.metrics import CocoMetric
    ours = evaluate(coco_file, proposal_nums=(100, 300, 1000))
    theirs = CocoMetric(ann_file=str(coco_file), metric=['bbox', 'segm'])
    theirs.dataset_meta = dict(classes=CLASSES)
    theirs.process({}, list(samples()))
    expected = theirs.evaluate(size=12)
    assert len(expected) == 12 and {name: ours[name] for name in expected} == expected
    assert 'coco/bbox_AR@1000' in ours


def test_an_unknown_backend_is_refused():
    with pytest.raises(UserError, match="backend is 'slow', expected 'faster' or 'pycocotools'"):
        METRICS.build(dict(type='mmrice.CocoMetric', backend='slow'))

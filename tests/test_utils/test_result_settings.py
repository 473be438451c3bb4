"""Settings are read from the text of a config as mmengine writes it, and no config is run."""
import pytest
from mmengine.config import Config

from mmrice.utils.results.settings import read_settings
from mmrice.utils.results.units import cell, percent

ENCODER = dict(type='mmrice.RICEViT', init_cfg=dict(type='mmrice.RICEPretrained', checkpoint='rice/latest.pth'))


@pytest.mark.parametrize(('model', 'expected'), [
    (dict(backbone=ENCODER), 'rice/latest.pth'),
    (dict(backbone=dict(type='mmrice.FrozenBackbone', backbone=ENCODER)), 'rice/latest.pth'),
    (dict(backbone=dict(ENCODER, init_cfg=None)), 'random'),
    (dict(backbone=dict(init_cfg=[dict(type='Kaiming'), dict(type='Pretrained', checkpoint='a.pth')])), 'a.pth'),
    (dict(backbone=dict(type='ResNet', depth=18), pretrained='torchvision://resnet18'), 'torchvision://resnet18'),
])
def test_initial_weights_are_those_of_the_encoder(model, expected):
    cfg = Config(dict(model=model, randomness=dict(seed=3, deterministic=False), classes=('a', ), none=None))
    assert read_settings(cfg.pretty_text) == dict(seed=3, initial_weights=expected)


def test_a_run_that_starts_from_a_whole_model_started_from_it_and_a_resumed_one_did_not():
    settings = dict(model=dict(backbone=ENCODER), load_from='before.pth')
    assert read_settings(Config(settings).pretty_text)['initial_weights'] == 'before.pth'
    assert read_settings(Config(dict(settings, resume=True)).pretty_text)['initial_weights'] == 'rice/latest.pth'


@pytest.mark.parametrize('text', ['', 'what is this', "model = __import__('os').abort()", 'import os\nos.abort()'])
def test_a_text_that_is_no_config_says_nothing_and_is_not_run(text):
    assert read_settings(text) == dict(seed=None, initial_weights=None)


@pytest.mark.parametrize(('name', 'value', 'expected'), [
    ('coco/bbox_mAP', 0.389, 38.9), ('coco/bbox_mAP_s', -1, None), ('lvis/segm_APr', 0.1, 10.), ('mIoU', 51.8, 51.8),
    ('coco_panoptic/PQ_th', 40., 40.), ('accuracy/top1', 71.5, 71.5), ('retrieval/Recall@1', 7., 7.),
    ('cIoU', 83.5, 83.5), ('single-label/f1-score', 5., 5.),
    ('coco_true_boxes/bbox_mAP', 0.5, 50.), ('lvis_true_boxes/bbox_AP', -1, None), ('regions/accuracy/top5', 8., 8.),
    ('regions/mAcc', 9., 9.), ('regions/mAcc_r', 9., 9.), ('region_retrieval/r2t/Recall@10', 6., 6.),
    ('grounding/Acc@0.5', 4., 4.), ('depth/rmse', 0.4, None), ('mIoU', float('nan'), None), ('mIoU', 'x', None),
])
def test_metrics_become_per_cent_whatever_the_host_calls_one(name, value, expected):
    assert percent(name, value) == (None if expected is None else pytest.approx(expected))


def test_per_cent_has_one_decimal_and_a_count_none():
    assert [cell(value) for value in (38.94, 3, None, 'r')] == ['38.9', '3', '', 'r']

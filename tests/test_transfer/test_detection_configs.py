import math
from pathlib import Path

import pytest

from mmrice.testing.layouts.coco import write_coco, write_lvis
from mmrice.testing.layouts.rf100vl import write_rf100vl
from mmrice.testing.reduced import run_once, scalars

DETECTION = Path(__file__).resolve().parents[2] / 'configs' / 'detection'
CONFIGS = sorted(path.stem for path in DETECTION.glob('*.py'))


@pytest.fixture(scope='session')
def root(scenes, tmp_path_factory):
    """A folder with data/coco, data/lvis_v1 and data/rf100vl."""
    folder = tmp_path_factory.mktemp('transfer')
    (folder / 'data').mkdir()
    write_coco(scenes, folder / 'data' / 'coco')
    write_lvis(scenes, folder / 'data' / 'lvis_v1')
    write_rf100vl(scenes, folder / 'data' / 'rf100vl', ['aerial-cows'])
    return folder


@pytest.mark.parametrize('name', CONFIGS)
def test_it_trains_and_is_measured_at_reduced_size(name, root, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    options = dict(model__num_queries=20, model__test_cfg__max_per_img=5)
    if 'rcnn' in name:
        heads = [f'.{stage}' for stage in range(3)] if 'cascade' in name else ['']
        options = {f'model__roi_head__bbox_head{head}__fc_out_channels': 32 for head in heads}
        options.update(
            model__train_cfg__rpn_proposal__max_per_img=40, model__test_cfg__rpn__max_per_img=20,
            model__test_cfg__rcnn__max_per_img=5, model__test_cfg__rcnn__score_thr=0.)
    runner = run_once(DETECTION / f'{name}.py', tmp_path / 'run', **options)
    losses, metrics = scalars(runner, 'train/loss'), scalars(runner, 'val/')
    assert math.isfinite(losses['train/loss']) and losses['train/loss'] > 0
    kinds = ['bbox'] if name.startswith(('dino', 'cascade-rcnn')) else ['bbox', 'segm']
    if 'lvis' in name:
        wanted = {f'val/lvis/{kind}_{item}' for kind in kinds for item in ('AP', 'APr', 'APc', 'APf')}
    else:
        wanted = {f'val/coco/{kind}_{item}' for kind in kinds for item in ('mAP', 'mAP_50', 'AR@1', 'AR_l@100')}
    assert wanted <= set(metrics)
    frozen = [p.requires_grad for p in runner.model.backbone.parameters()]
    assert any(frozen) != ('frozen' in name)

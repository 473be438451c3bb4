import math
from pathlib import Path

import pytest

from mmrice.testing.layouts.panoptic import write_ade_panoptic, write_coco_panoptic
from mmrice.testing.reduced import run_once, scalars
from mmrice.testing.runs import train

PANOPTIC = Path(__file__).resolve().parents[2] / 'configs' / 'panoptic'
QUICK = PANOPTIC.parent / 'quick' / 'mask2former_rice-vit-tiny_mini-scenes.py'
CONFIGS = sorted(path.stem for path in PANOPTIC.glob('*.py') if 'lora-umg-clip' not in path.stem)  # as with RICE's


@pytest.fixture(scope='session')
def panoptic_root(scenes, tmp_path_factory):
    """A folder with COCO's and ADE20K's panoptic layouts below data."""
    folder = tmp_path_factory.mktemp('panoptic')
    (folder / 'data').mkdir()
    write_coco_panoptic(scenes, folder / 'data' / 'coco')
    write_ade_panoptic(scenes, folder / 'data' / 'ADEChallengeData2016')
    return folder


@pytest.mark.parametrize('name', CONFIGS)
def test_it_trains_and_is_measured_at_reduced_size(name, panoptic_root, tmp_path, monkeypatch):
    monkeypatch.chdir(panoptic_root)
    runner = run_once(PANOPTIC / f'{name}.py', tmp_path / 'run')
    losses, metrics = scalars(runner, 'train/'), scalars(runner, 'val/')
    assert math.isfinite(losses['train/loss'])
    assert min(losses[f'train/loss_{kind}'] for kind in ('cls', 'mask', 'dice')) > 0
    wanted = {f'val/coco_panoptic/{item}{kind}' for item in ('PQ', 'SQ', 'RQ') for kind in ('', '_th', '_st')}
    if 'coco' in name:
        wanted |= {'val/coco/bbox_mAP', 'val/coco/segm_mAP'}
    assert wanted <= set(metrics)
    trained = [parameter.requires_grad for parameter in runner.model.backbone.parameters()]
    assert any(trained) != ('frozen' in name)


@pytest.mark.parametrize('name', CONFIGS)
def test_things_come_first_and_the_head_has_one_query_class_for_each(name, panoptic_root, monkeypatch):
    from mmdet.registry import DATASETS
    from mmengine.config import Config
    from mmengine.registry import DefaultScope
    monkeypatch.chdir(panoptic_root)
    cfg = Config.fromfile(PANOPTIC / f'{name}.py')
    cfg.train_dataloader.dataset.pipeline = []
    with DefaultScope.overwrite_default_scope('mmdet'):
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
    head = cfg.model.panoptic_head
    things = len(dataset.metainfo['thing_classes'])
    assert (head.num_things_classes, head.num_stuff_classes) == (things, len(dataset.metainfo['stuff_classes']))
    assert len(head.loss_cls.class_weight) == len(dataset.metainfo['classes']) + 1
    segments = [segment for item in dataset for segment in item['segments_info']]
    assert {segment['is_thing'] for segment in segments} == {0, 1}
    assert all((segment['category'] < things) == bool(segment['is_thing']) for segment in segments)


def test_the_quick_config_trains_and_is_measured_on_the_images_it_saw(scenes, tmp_path):
    loaders = {f'{split}_dataloader__{key}': value for split in ('train', 'val') for key, value in (
        ('num_workers', 0), ('persistent_workers', False), ('dataset__data_root', f'{scenes}/'))}
    runner = train(QUICK, tmp_path / 'run', train_cfg__max_iters=1, train_cfg__val_interval=1,
                   val_evaluator=[dict(type='CocoPanopticMetric', seg_prefix=f'{scenes}/panoptic_train/', nproc=1)],
                   **loaders)
    assert scalars(runner, 'train/')['train/loss_dice'] > 0
    assert 'val/coco_panoptic/PQ' in scalars(runner, 'val/')
    seen, measured = runner.train_dataloader.dataset, runner.val_dataloader.dataset
    paths = [[dataset.get_data_info(number)['img_path'] for number in range(4)] for dataset in (seen, measured)]
    assert paths[0] == paths[1]
    assert len(seen) == len(measured) == 4

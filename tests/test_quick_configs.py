"""The quick configs train and evaluate: one short run each, on drawn stand-ins for the mini data."""
import shutil
from pathlib import Path

import pytest

from mmrice.datasets.mini.scenes import write_scenes
from mmrice.testing.mini_material import drawn_material
from mmrice.testing.runs import train

QUICK = Path(__file__).resolve().parents[1] / 'configs' / 'quick'
LOADERS = ('train_dataloader', 'val_dataloader')


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    folder = tmp_path_factory.mktemp('scenes')
    write_scenes(*drawn_material(), folder, dict(train=4, val=2), size=96, seed=0)
    return folder


def run(name, root, work_dir, **options):
    options.update({f'{loader}__dataset__data_root': f'{root}/' for loader in LOADERS})
    options.update({f'{loader}__{key}': value for loader in LOADERS
                    for key, value in (('num_workers', 0), ('persistent_workers', False), ('batch_size', 2))})
    return train(QUICK / f'{name}.py', work_dir, model__backbone__init_cfg=None, train_cfg__max_iters=2,
                 train_cfg__val_interval=2, log_processor__window_size=1, default_hooks__logger__interval=1, **options)


def scalars(runner, prefix):
    return {key: buffer.current() for key, buffer in runner.message_hub.log_scalars.items() if key.startswith(prefix)}


def test_mask_rcnn_learns_boxes_and_masks_and_is_measured_in_both(scenes, tmp_path):
    runner = run('mask-rcnn_rice-vit-tiny_mini-scenes', scenes, tmp_path,
                 val_evaluator__ann_file=str(scenes / 'annotations' / 'val.json'))
    losses = scalars(runner, 'train/loss')
    for name in ('loss_mask', 'loss_bbox', 'loss_rpn_bbox'):  # zero where all instances are ignored
        assert losses[f'train/{name}'] > 0
    assert {'val/coco/bbox_mAP', 'val/coco/segm_mAP'} <= set(scalars(runner, 'val/'))


def test_faster_rcnn_learns_boxes(scenes, tmp_path):
    from mmengine.fileio import dump, load
    root = tmp_path / 'trees'
    shutil.copytree(scenes, root)
    for split in ('train', 'val'):
        path = root / 'annotations' / f'{split}.json'
        coco = load(path)
        coco['categories'] = [dict(id=1, name='tree')]
        for annotation in coco['annotations']:
            annotation['category_id'] = 1
        dump(coco, path)
    runner = run('faster-rcnn_rice-vit-tiny_mini-trees', root, tmp_path / 'run',
                 val_evaluator__ann_file=str(root / 'annotations' / 'val.json'))
    assert scalars(runner, 'train/')['train/loss_bbox'] > 0
    assert 'val/coco/bbox_mAP' in scalars(runner, 'val/')


def test_upernet_learns_and_counts_every_class(scenes, tmp_path):
    runner = run('upernet_rice-vit-tiny_mini-scenes', scenes, tmp_path)
    assert scalars(runner, 'train/')['train/decode.loss_ce'] > 0
    assert 0 <= scalars(runner, 'val/')['val/mIoU'] <= 100
    assert len(runner.val_dataloader.dataset.metainfo['classes']) == 17


def test_the_schedule_spares_the_parameters_that_the_backbone_names_from_decay():
    from mmengine.config import Config

    from mmrice.models import RICEViT
    keys = Config.fromfile(QUICK / 'rice_vit-tiny_mini.py').optim_wrapper.paramwise_cfg.custom_keys
    assert {name for name, value in keys.items() if value.decay_mult == 0} == RICEViT('tiny').no_weight_decay()

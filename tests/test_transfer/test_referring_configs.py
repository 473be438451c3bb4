import json
import math
import pickle
import shutil
from pathlib import Path

import pytest
from mmengine.config import Config

from mmrice.testing.layouts.refcoco import write_refcoco
from mmrice.testing.reduced import ARCH, run_once, scalars
from mmrice.testing.runs import train
from mmrice.utils import UserError

REFERRING = Path(__file__).resolve().parents[2] / 'configs' / 'referring'
QUICK = REFERRING.parent / 'quick' / 'referring_rice-vit-tiny_mini-scenes.py'
CONFIGS = sorted(path.stem for path in REFERRING.glob('*.py'))
FOLDERS = dict(refcoco='refcoco', refcocoplus='refcoco+', refcocog='refcocog')


@pytest.fixture(scope='session')
def refcoco_root(scenes, tmp_path_factory):
    """A folder with the three datasets below data/coco."""
    folder = tmp_path_factory.mktemp('referring')
    write_refcoco(scenes, folder / 'data' / 'coco')
    return folder


@pytest.mark.parametrize('name', CONFIGS)
def test_it_trains_and_is_measured_at_reduced_size(name, refcoco_root, tmp_path, monkeypatch):
    monkeypatch.chdir(refcoco_root)
    runner = run_once(REFERRING / f'{name}.py', tmp_path / 'run')
    losses, metrics = scalars(runner, 'train/'), scalars(runner, 'val/')
    assert math.isfinite(losses['train/loss']) and min(losses['train/loss_mask'], losses['train/loss_dice']) > 0
    assert all(0 <= metrics[f'val/{metric}'] <= 100 for metric in ('cIoU', 'mIoU'))
    trained = {name.split('.')[0] for name, parameter in runner.model.named_parameters() if parameter.requires_grad}
    assert trained == {'neck', 'text_encoder', 'mask_head'}
    rates = {group['lr'] for group in runner.optim_wrapper.optimizer.param_groups}
    assert len(rates) == 2 and min(rates) == pytest.approx(0.1 * max(rates))


@pytest.mark.parametrize('name', CONFIGS)
def test_all_expressions_of_the_named_dataset_are_measured(name, refcoco_root, monkeypatch):
    from mmdet.registry import DATASETS
    monkeypatch.chdir(refcoco_root)
    cfg = Config.fromfile(REFERRING / f'{name}.py')
    folder = FOLDERS[name.split('_')[3].rpartition('-')[0]]
    for split in ('train', 'val', 'test'):
        dataset = cfg[f'{split}_dataloader'].dataset
        assert {Path(dataset[key]).parent.name for key in ('ann_file', 'split_file')} == {folder}
        assert not [step for step in dataset.pipeline if 'Flip' in step.type]
    cfg.val_dataloader.dataset.pipeline = []
    built = DATASETS.build(cfg.val_dataloader.dataset)
    refs = pickle.loads(Path(built.split_file).read_bytes())
    expected = sorted(sentence['sent'] for ref in refs if ref['split'] == 'val' for sentence in ref['sentences'])
    assert sorted(text for item in built for text in item['text']) == expected
    assert len(expected) > len(built)


def quick(scenes, tmp_path):
    loaders = {f'{split}_dataloader__{key}': value for split in ('train', 'val') for key, value in (
        ('num_workers', 0), ('persistent_workers', False), ('dataset__data_root', f'{scenes}/'))}
    return train(QUICK, tmp_path / 'run', model__backbone__arch=dict(_delete_=True, **ARCH),
                 model__neck__in_channels=ARCH['embed_dims'], train_cfg__max_iters=1, train_cfg__val_interval=1,
                 **loaders)


def test_the_quick_config_trains_and_is_measured_on_the_expressions_it_saw(scenes, tmp_path):
    runner = quick(scenes, tmp_path)
    assert scalars(runner, 'train/')['train/loss_dice'] > 0
    assert {'val/cIoU', 'val/mIoU'} <= set(scalars(runner, 'val/'))
    seen, measured = runner.train_dataloader.dataset, runner.val_dataloader.dataset
    texts = [[item['data_samples'].text for item in dataset] for dataset in (seen, measured)]
    assert texts[0] == texts[1] and len(texts[0]) == 4 and min(map(len, texts[0])) > 1


def test_an_object_without_a_segmentation_is_named_with_its_image(scenes, tmp_path):
    root = tmp_path / 'scenes'
    shutil.copytree(scenes, root)
    path = root / 'annotations' / 'train.json'
    content = json.loads(path.read_text())
    for annotation in content['annotations']:
        annotation['segmentation'] = []
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match=r'train/00000\d.jpg: 0 masks for \d+ expressions'):
        quick(root, tmp_path)

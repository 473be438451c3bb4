import json
import math
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmrice.models import RICEViT
from mmrice.registry import DATASETS
from mmrice.testing.layouts.imagenet import write_imagenet
from mmrice.testing.layouts.inshop import write_inshop
from mmrice.testing.reduced import ARCH, run_once, scalars, small_options, test_once
from mmrice.utils import UserError

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
RECOGNITION = CONFIGS / 'recognition'
NAMES = sorted(path.stem for path in RECOGNITION.glob('*.py'))
SIDE = 32


@pytest.fixture(scope='session')
def root(scenes, tmp_path_factory):
    """A folder with ImageNet's and In-shop's layouts and the mini scenes below data."""
    folder = tmp_path_factory.mktemp('recognition')
    write_imagenet(folder / 'data' / 'imagenet', dict(train=3, val=2))
    write_inshop(folder / 'data' / 'inshop')
    (folder / 'data' / 'mini').mkdir()
    (folder / 'data' / 'mini' / 'scenes').symlink_to(scenes)
    return folder


@pytest.fixture
def checkpoint(tmp_path):
    """A pretraining checkpoint of a small RICEViT, or a directory of Hugging Face's: ``checkpoint(config)``."""

    def write(config):
        torch.manual_seed(0)
        backbone = config.model.backbone
        if backbone.type == 'mmrice.HuggingFaceViT':
            import transformers
            numbers = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2)
            settings = transformers.Dinov2Config(**{**backbone.config, **numbers, 'model_type': 'dinov2'})
            transformers.Dinov2Model(settings).save_pretrained(tmp_path / 'theirs')
            return str(tmp_path / 'theirs')
        state = RICEViT(ARCH, patch_size=backbone.patch_size).state_dict()
        torch.save(dict(state_dict={f'backbone.{name}': value for name, value in state.items()}, meta={}),
                   tmp_path / 'latest.pth')
        return str(tmp_path / 'latest.pth')

    return write


def side_of(config):
    return SIDE if config.model.backbone.get('patch_size') == 16 else 28


@pytest.mark.parametrize('name', [name for name in NAMES if name.startswith('linear')])
def test_a_linear_probe_trains_its_matrix_alone_and_is_measured(name, root, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    large = 'large' in name
    runner = run_once(RECOGNITION / f'{name}.py', tmp_path / 'run', side=28 if large else SIDE)
    losses, metrics = scalars(runner, 'train/loss'), scalars(runner, 'val/')
    assert math.isfinite(losses['train/loss']) and losses['train/loss'] > 0
    assert {'val/accuracy/top1', 'val/accuracy/top5'} <= set(metrics)
    trained = {name for name, parameter in runner.model.named_parameters() if parameter.requires_grad}
    assert trained == {'head.fc.weight', 'head.fc.bias'}
    assert runner.model.backbone.backbone.out_type == 'cls_token'
    assert runner.optim_wrapper.optimizer.defaults['lr'] == 6.4


@pytest.mark.parametrize('name', [name for name in NAMES if name.startswith('knn_rice')])
def test_knn_finds_the_colours_of_its_bank(name, root, checkpoint, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    config = Config.fromfile(RECOGNITION / f'{name}.py')
    metrics = test_once(RECOGNITION / f'{name}.py', tmp_path / 'run', checkpoint(config), side_of(config), model__k=3)
    assert metrics['accuracy/top1'] > 80 and metrics['accuracy/top5'] >= metrics['accuracy/top1']


@pytest.fixture
def run_tool(monkeypatch, capsys, root):
    """``run_tool(name, *arguments) -> (exit status, lines of stdout and stderr)``, in the folder of the data."""

    def run(name, *arguments):
        monkeypatch.chdir(root)
        monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(CONFIGS.parent / 'tools' / name), run_name='__main__')
        captured = capsys.readouterr()
        return ended.value.code or 0, [*captured.out.splitlines(), *captured.err.splitlines()]

    return run


def test_the_tool_takes_a_directory_of_hugging_face_and_says_what_is_wrong(root, checkpoint, run_tool, tmp_path):
    path = RECOGNITION / 'knn_dinov2-vit-base-p14_in1k-224px.py'
    config = Config.fromfile(path)
    directory = checkpoint(config)
    config.merge_from_dict(small_options(config, 28))
    config.dump(tmp_path / 'small.py')
    logs = ['--work-dir', tmp_path / 'run']
    status, lines = run_tool('test.py', tmp_path / 'small.py', directory, *logs, '--out', tmp_path / 'result.json')
    assert status == 0 and json.loads((tmp_path / 'result.json').read_text())['accuracy/top1'] > 80
    status, lines = run_tool('test.py', tmp_path / 'small.py', tmp_path / 'nowhere', *logs)
    assert status != 0 and 'nowhere: no such checkpoint' in lines[-1]
    option = 'model.prototype.dataset.data_root'
    status, lines = run_tool('test.py', tmp_path / 'small.py', directory, *logs, '--cfg-options', f'{option}=data/none')
    assert status != 0 and f'data/none: no such file or folder ({option} in the config)' in lines[-1]
    status, lines = run_tool('train.py', path, *logs)
    assert status != 0 and 'nothing to train. Test it with tools/test.py' in lines[-1]


def test_retrieval_finds_the_items_of_the_gallery(root, checkpoint, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    name, = (name for name in NAMES if name.startswith('retrieval'))
    path = checkpoint(Config.fromfile(RECOGNITION / f'{name}.py'))
    metrics = test_once(RECOGNITION / f'{name}.py', tmp_path / 'run', path, SIDE,
                        test_evaluator__0__topk=(1, 3, 12), test_evaluator__1__topk=2)
    assert metrics['retrieval/Recall@1'] > 60 and metrics['retrieval/Recall@12'] == 100
    assert metrics['retrieval/Recall@1'] <= metrics['retrieval/Recall@3'] and metrics['retrieval/mAP@2'] > 60


@pytest.mark.parametrize('name', ['knn_', 'retrieval_', 'linear-cls_frozen-'])
def test_the_quick_configs_run_on_objects_of_the_mini_scenes(name, root, checkpoint, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    path = CONFIGS / 'quick' / f'{name}rice-vit-tiny_mini-scenes.py'
    if name.startswith('linear'):
        metrics = scalars(run_once(path, tmp_path / 'run', SIDE), 'val/')
        assert 'val/accuracy/top1' in metrics
    else:
        metrics = test_once(path, tmp_path / 'run', checkpoint(Config.fromfile(path)), SIDE)
        assert all(0 <= value <= 100 for value in metrics.values()) and len(metrics) == 2


def test_objects_are_cut_out_by_their_boxes(scenes):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        data = DATASETS.build(dict(
            type='mmrice.ObjectCrops', data_root=str(scenes), ann_file='annotations/val.json', data_prefix='val',
            min_side=10, pipeline=[dict(type='LoadImageFromFile'), dict(type='mmrice.CropToBox')]))
    content = json.loads((scenes / 'annotations' / 'val.json').read_text())
    wanted = [item for item in content['annotations'] if min(item['bbox'][2:]) >= 10]
    assert len(data) == len(wanted) > 0
    for sample, item in zip(data, wanted):
        assert sample['img'].shape[:2] == tuple(item['bbox'][:1:-1]) == sample['img_shape']
        assert data.metainfo['classes'][sample['gt_label']] == content['categories'][item['category_id'] - 1]['name']


def test_a_box_at_the_edge_gives_at_least_a_pixel():
    from mmrice.datasets.transforms import CropToBox
    image = np.arange(12).reshape(3, 4, 1)

    def cut(*box):
        return CropToBox().transform(dict(img=image, box=box))['img'][..., 0].tolist()

    assert cut(0.5, 0, 2.1, 1) == [[0, 1, 2]]
    assert cut(3, 2, 9, 9) == [[11]] and cut(4, 3, 4, 3) == [[11]] and cut(-5, -5, 0, 0) == [[0]]


def test_a_detection_file_is_asked_for_by_name(tmp_path):
    (tmp_path / 'boxes.json').write_text('{"images": []}')
    with pytest.raises(UserError, match="boxes.json: is not a detection file.*'categories'"):
        DATASETS.build(dict(type='mmrice.ObjectCrops', ann_file=str(tmp_path / 'boxes.json'), pipeline=[]))

"""The papers' recipes, made small by --cfg-options alone, train on a CPU."""
import re
import runpy
import sys
from pathlib import Path

import pytest
import torch

from mmrice.testing.runs import train as run_here
from mmrice.testing.tiny_shards import write_tiny_shards

pytest.importorskip('mmpretrain')
ROOT = Path(__file__).resolve().parents[1]
RICE = sorted((ROOT / 'configs' / 'rice').glob('*.py'))
MLCD = sorted((ROOT / 'configs' / 'mlcd').glob('*.py'))
CLOC = sorted((ROOT / 'configs' / 'cloc').glob('*.py'))
UMG_CLIP = sorted((ROOT / 'configs' / 'umg_clip').glob('*.py'))
SMALL = {'model.backbone.arch': 'tiny', 'model.neck.in_channels': 192, 'model.neck.out_channels': 32,
         'model.head.embed_dims': 32, 'train_dataloader.batch_size': 2, 'train_dataloader.num_workers': 0,
         'train_cfg.max_iters': 3, 'default_hooks.logger.interval': 1}


def small_rice(root):
    options = {**SMALL, 'model.neck.num_heads': 3, 'model.head.object.num_classes': 40,
               'model.head.ocr.num_classes': 20}
    for part in range(2):
        options[f'train_dataloader.dataset.datasets.{part}.data_root'] = root
        options[f'train_dataloader.dataset.datasets.{part}.pipeline.1.scale'] = (112, 112)
    return options


def small_mlcd(root):
    return {**SMALL, 'train_dataloader.dataset.data_root': root, 'model.head.image.num_classes': 40,
            'train_dataloader.dataset.pipeline.1.scale': (112, 112)}


def small_cloc(root):
    return {**{key: value for key, value in SMALL.items() if 'head' not in key}, 'model.backbone.init_cfg': None,
            'model.image_neck.in_channels': 192, 'model.image_neck.out_channels': 32,
            'model.text_encoder.arch': 'tiny', 'model.text_encoder.out_dims': 32, 'model.head.text_filter': None,
            'train_dataloader.dataset.data_root': root, 'train_dataloader.dataset.pipeline.1.scale': (112, 112)}


def small_umg_clip(root, config):
    options = {**small_cloc(root), 'model.pixel_neck.in_channels': 192, 'model.pixel_neck.out_channels': 32,
               'model.tags.names': f'{root}/tag_vocab.json', 'model.head.chunk_size': 3}
    if 'umg-clip-rice' in config.name:
        options.update({'model.cluster_neck.in_channels': 192, 'model.cluster_neck.out_channels': 32,
                        'model.cluster_neck.num_heads': 3, 'model.cluster_head.embed_dims': 32,
                        'model.cluster_head.object.num_classes': 40, 'model.cluster_head.ocr.num_classes': 20})
    return options


@pytest.fixture(scope='module')
def shards(tmp_path_factory):
    return write_tiny_shards(tmp_path_factory.mktemp('shards'))


@pytest.fixture
def train(monkeypatch, tmp_path):
    """``train(config, options) -> log`` by tools/train.py with --cfg-options, in this process."""
    torch.set_num_threads(1)

    def run(config, options):
        words = [f'{key}={value}'.replace(' ', '') for key, value in options.items()]
        command = ['train.py', str(config), '--work-dir', str(tmp_path), '--cfg-options', *words]
        monkeypatch.setattr(sys, 'argv', command)
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(ROOT / 'tools' / 'train.py'), run_name='__main__')
        assert not ended.value.code
        log, = tmp_path.glob('*/*.log')
        return log.read_text()

    return run


@pytest.mark.parametrize('config', RICE, ids=lambda path: path.stem)
def test_rice_recipe_trains_in_small_with_both_kinds_in_every_batch(config, shards, train):
    log = train(config, {**small_rice(shards), 'load_from': None})
    for kind in ('object', 'ocr'):
        losses = re.findall(rf' loss_{kind}: ([\d.]+)', log)
        assert len(losses) == 3 and all(float(loss) > 0 for loss in losses), log


@pytest.mark.parametrize('config', MLCD, ids=lambda path: path.stem)
def test_mlcd_recipe_trains_in_small_with_several_labels_an_image(config, shards, train):
    log = train(config, small_mlcd(shards))
    losses = re.findall(r' loss_image: ([\d.]+)', log)
    assert len(losses) == 3 and all(float(loss) > 0 for loss in losses), log
    assert re.findall(r'num_positives_image: ([\d.]+)', log) == ['3.0000'] * 3


@pytest.mark.parametrize('config', CLOC, ids=lambda path: path.stem)
def test_cloc_recipe_trains_in_small_with_captions_texts_and_boxes(config, shards, train):
    log = train(config, small_cloc(shards))
    for name in ('image_text', 'region_text', 'grounding'):
        losses = re.findall(rf' loss_{name}: ([\d.]+)', log)
        assert len(losses) == 3 and all(float(loss) > 0 for loss in losses), log


def test_continuation_starts_from_the_whole_model_of_the_stage_before(shards, tmp_path):
    first, second = RICE[:2]
    assert '224px' in first.stem and '512px' in second.stem
    options = {key.replace('.', '__'): value for key, value in small_rice(str(shards)).items()}
    before = run_here(first, tmp_path / 'first', **options)
    options.update(load_from=str(tmp_path / 'first' / 'latest.pth'), optim_wrapper__optimizer__lr=0.,
                   train_cfg__max_iters=1)
    after = run_here(second, tmp_path / 'second', **options).model.state_dict()
    for key, value in before.model.state_dict().items():
        if not key.endswith('num_steps'):
            assert torch.equal(after[key], value), key
    assert 'head.centers.object.weight' in after


@pytest.mark.parametrize('config', UMG_CLIP, ids=lambda path: path.stem)
def test_umg_clip_recipe_trains_in_small_with_every_term(config, shards, train):
    log = train(config, small_umg_clip(shards, config))
    names = [f'{level}_{words}' for level in ('image', 'region', 'pixel') for words in ('text', 'tag')]
    for name in [*names, *(['object', 'ocr'] if 'umg-clip-rice' in config.name else [])]:
        losses = re.findall(rf' loss_{name}: ([\d.]+)', log)
        assert len(losses) == 3 and all(float(loss) > 0 for loss in losses), (name, log)

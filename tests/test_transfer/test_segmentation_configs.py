import math
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from mmrice.testing.config_files import read
from mmrice.testing.layouts.ade import write_ade
from mmrice.testing.layouts.cityscapes import write_cityscapes
from mmrice.testing.layouts.coco_stuff import write_coco_stuff
from mmrice.testing.layouts.context import write_context
from mmrice.testing.layouts.voc import write_voc
from mmrice.testing.reduced import ARCH, run_once, scalars

SEGMENTATION = Path(__file__).resolve().parents[2] / 'configs' / 'segmentation'
PLAIN = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', reduce_zero_label=True),
         dict(type='PackSegInputs')]
CLASSES = {'ade20k': 150, 'cityscapes': 19, 'voc12aug': 21, 'context59': 59, 'coco-stuff164k': 171}
CONFIGS = sorted(path.stem for path in SEGMENTATION.glob('*.py') if 'lora-umg-clip' not in path.stem)


@pytest.fixture(scope='session')
def semantic_root(scenes, tmp_path_factory):
    """A folder with the layouts of ADE20K, Cityscapes, VOC, PASCAL Context and COCO-Stuff below data."""
    folder = tmp_path_factory.mktemp('semantic')
    write_ade(scenes, folder / 'data' / 'ade' / 'ADEChallengeData2016')
    write_cityscapes(scenes, folder / 'data' / 'cityscapes')
    write_voc(scenes, folder / 'data' / 'VOCdevkit' / 'VOC2012')
    write_context(scenes, folder / 'data' / 'VOCdevkit' / 'VOC2010')
    write_coco_stuff(scenes, folder / 'data' / 'coco_stuff164k')
    return folder


@pytest.mark.parametrize('name', CONFIGS)
def test_it_trains_and_is_measured_at_reduced_size(name, semantic_root, tmp_path, monkeypatch):
    monkeypatch.chdir(semantic_root)
    runner = run_once(SEGMENTATION / f'{name}.py', tmp_path / 'run', side=112)
    losses, metrics = scalars(runner, 'train/'), scalars(runner, 'val/')
    assert math.isfinite(losses['train/loss']) and losses['train/decode.loss_ce'] > 0
    assert {'val/mIoU', 'val/mAcc', 'val/aAcc'} <= set(metrics)
    frozen = [p.requires_grad for p in runner.model.backbone.parameters()]
    assert any(frozen) != ('frozen' in name)
    assert runner.model.num_classes == len(runner.train_dataloader.dataset.metainfo['classes'])
    validated = next(number for data, number in CLASSES.items() if data in name.rpartition('-to-')[2])
    assert len(runner.val_dataloader.dataset.metainfo['classes']) == validated
    assert len(runner.train_dataloader.dataset) == 4


@pytest.mark.parametrize('name', ['segmentation/linear_lora-{}-vit-base-p16_2xb8-coslr-40k_ade20k-512px',
                                  'panoptic/mask2former_lora-{}-vit-base-p16_8xb2-160k_ade20k-panoptic-640px'])
def test_lora_on_umg_clip_differs_from_that_on_rice_in_its_weights_alone(name):
    ours, other = (deepcopy(read(f'configs/{name.format(encoder)}.py')) for encoder in ('umg-clip', 'rice'))
    assert ours.model.backbone.backbone.init_cfg.pop('checkpoint') == ours.pop('checkpoint')
    assert 'umg-clip_vit-base-p16' in read(f'configs/{name.format("umg-clip")}.py').checkpoint
    other.model.backbone.backbone.init_cfg.pop('checkpoint')
    assert ours.to_dict() == other.to_dict()


def test_the_quick_head_learns_on_the_parts_of_a_checkpoint_and_leaves_them(scenes, tmp_path, monkeypatch):
    import torch

    from mmrice.registry import MODELS
    (tmp_path / 'data' / 'mini').mkdir(parents=True)
    (tmp_path / 'data' / 'mini' / 'scenes').symlink_to(scenes)
    monkeypatch.chdir(tmp_path)
    path = SEGMENTATION.parent / 'quick' / 'cost-aggregation_frozen-umg-clip-vit-tiny_mini-scenes.py'
    cfg, arch = Config.fromfile(path), {**ARCH, 'num_layers': 3}
    state = {f'{part}.{name}': value for part, config in (
        ('backbone', dict(cfg.model.backbone.backbone, arch=arch, out_indices=[0, 1, 2])),
        ('pixel_neck', dict(cfg.model.pixel_neck, in_channels=32, out_channels=16)),
        ('neck', dict(cfg.model.pixel_neck, in_channels=32, out_channels=16)),
        ('text_encoder', dict(cfg.model.text_encoder, arch=ARCH, out_dims=16)),
    ) for name, value in MODELS.build(config).state_dict().items()}
    torch.save(dict(state_dict=state, meta={}), 'umg.pth')
    runner = run_once(path, tmp_path / 'run', side=64, train_cfg__max_iters=2, train_cfg__val_interval=2,
                      model__init_cfg=dict(cfg.model.init_cfg, checkpoint='umg.pth'))
    trained = {name.replace('backbone.backbone.', 'backbone.'): value
               for name, value in runner.model.state_dict().items()}
    assert all(torch.equal(trained[name], value) for name, value in state.items() if not name.startswith('neck.'))
    assert trained['decode_head.predictor.weight'].any()
    assert {'val/mIoU', 'val/aAcc'} <= set(scalars(runner, 'val/'))


@pytest.mark.parametrize('name', CONFIGS)
def test_windows_and_crops_are_whole_patches(name):
    cfg = Config.fromfile(SEGMENTATION / f'{name}.py')
    backbone = cfg.model.backbone.get('backbone', cfg.model.backbone)
    sides = {*cfg.model.test_cfg.crop_size, *cfg.model.data_preprocessor.size, *cfg.crop_size}
    assert sides == {int(name.rpartition('-')[2][:-2])}
    patch = backbone.get('config', backbone).patch_size
    assert not max(sides) % patch
    assert cfg.model.data_preprocessor.test_cfg.size_divisor == patch
    assert [round(max(sides) * 2 / 3)] * 2 == pytest.approx(cfg.model.test_cfg.stride, abs=1)


def test_the_linear_head_is_a_norm_and_one_matrix():
    import torch

    from mmrice.models.heads.linear_head import LinearHead
    torch.manual_seed(0)
    head = LinearHead(8, num_classes=3)
    head.init_weights()
    torch.nn.init.normal_(head.conv_seg.weight)
    maps = torch.randn(4, 8, 5, 6) * torch.arange(1, 9).view(8, 1, 1) * 100
    head.dropout.p = 0.
    mean, std = maps.mean((0, 2, 3)), maps.var((0, 2, 3), correction=0).sqrt()
    normed = (maps - mean.view(8, 1, 1)) / std.view(8, 1, 1)
    expected = torch.einsum('kc,bchw->bkhw', head.conv_seg.weight[:, :, 0, 0], normed)
    torch.testing.assert_close(head((torch.zeros(1), maps)), expected, rtol=1e-4, atol=1e-4)
    assert sum(parameter.numel() for parameter in head.parameters()) == 2 * 8 + 3 * 8 + 3


@pytest.fixture
def blocks(tmp_path):
    """ADE20K's layout of four pictures of 64 px, each of four rectangles; a class is a noisy colour."""
    rng = np.random.default_rng(0)
    colours = rng.integers(20, 236, (9, 3))
    root = tmp_path / 'data' / 'ade' / 'ADEChallengeData2016'
    for folder in ('images/training', 'annotations/training'):
        (root / folder).mkdir(parents=True)
    for number in range(4):
        row, column = rng.integers(20, 44, 2)
        classes = rng.permutation(np.arange(1, 9))[:4].reshape(2, 2)
        labels = classes.repeat([row, 64 - row], 0).repeat([column, 64 - column], 1).astype(np.uint8)
        pixels = colours[labels] + rng.integers(-20, 20, (64, 64, 3))
        Image.fromarray(labels).save(root / 'annotations' / 'training' / f'{number}.png')
        Image.fromarray(pixels.astype(np.uint8)).save(root / 'images' / 'training' / f'{number}.jpg', quality=95)
    return tmp_path


@pytest.mark.parametrize('name', [name for name in CONFIGS if 'rice-vit-base-p16' in name and 'ade20k' in name])
def test_its_head_overfits_four_pictures(name, blocks, monkeypatch):
    monkeypatch.chdir(blocks)
    iterations = 70
    if name.startswith('linear'):  # random features, many of them
        options = dict(model__decode_head__in_channels=128, model__backbone__backbone__patch_size=4,
                       model__backbone__backbone__arch=dict(_delete_=True, **{**ARCH, 'embed_dims': 128}))
    else:
        options = dict(model__backbone__patch_size=8, optim_wrapper__paramwise_cfg=dict(layer_decay_rate=1.))
    runner = run_once(
        SEGMENTATION / f'{name}.py', blocks / 'run', side=64, model__data_preprocessor__test_cfg__size_divisor=8,
        randomness=dict(seed=0), train_cfg__max_iters=iterations, train_cfg__val_interval=iterations,
        optim_wrapper__optimizer__lr=1e-2,
        param_scheduler=[dict(type='PolyLR', power=1.0, by_epoch=False, begin=0, end=iterations)],
        train_dataloader__batch_size=4, train_dataloader__dataset__pipeline=PLAIN,
        val_dataloader__dataset__data_prefix=dict(img_path='images/training', seg_map_path='annotations/training'),
        **options)
    assert scalars(runner, 'val/')['val/mIoU'] > 90


def test_the_layouts_keep_each_label_and_what_is_ignored(semantic_root):
    data = semantic_root / 'data'
    ade = np.array(Image.open(data / 'ade/ADEChallengeData2016/annotations/validation/ADE_val_000001.png'))
    city = np.array(Image.open(data / 'cityscapes/gtFine/val/munster/munster_000001_000019_gtFine_labelTrainIds.png'))
    voc = np.array(Image.open(data / 'VOCdevkit/VOC2012/SegmentationClass/2012_val_000001.png'))
    assert (ade[0, 0], city[0, 0], voc[0, 0]) == (0, 255, 255)
    np.testing.assert_array_equal(city, voc)
    np.testing.assert_array_equal(ade.astype(int)[1:] - 1, city[1:])

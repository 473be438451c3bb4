"""Layer-wise learning rates in every host: each parameter's, and the steps that training takes with them."""
import re

import pytest
import torch
from mmengine.config import Config
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS as ROOT_MODELS
from mmengine.registry import DefaultScope
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

import mmrice  # noqa: F401 before any host
from mmrice.testing.runs import train

RATE, LR, DECAY, LAYERS = 0.5, 0.1, 0.01, 3
ARCH = dict(embed_dims=16, num_layers=LAYERS, num_heads=2, feedforward_channels=16)
OPTIM = dict(
    constructor='mmrice.LayerDecayOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=LR, weight_decay=DECAY),
    paramwise_cfg=dict(layer_decay_rate=RATE, norm_decay_mult=0., bias_decay_mult=0., flat_decay_mult=0.))
RICE_VIT = dict(_delete_=True, type='mmrice.RICEViT', arch=ARCH, patch_size=16)
PYRAMID = dict(type='mmrice.SimpleFeaturePyramid', in_channels=16, out_channels=16)
MODELS = {
    'mmdet': dict(backbone=dict(RICE_VIT, out_type='featmap'), neck=dict(PYRAMID, _delete_=True)),
    'mmseg': dict(
        backbone=dict(RICE_VIT, out_type='featmap'),
        neck=dict(PYRAMID, num_extra_levels=0),
        decode_head=dict(in_channels=[16] * 4)),
    'mmpretrain': dict(backbone=dict(RICE_VIT, out_type='cls_token')),
}
NORM = re.compile(r'(norm\d?|pre_norm|\.bn\d?|\.ln\d?)\.(weight|bias)$')


def expected(model, backbone='backbone.'):
    """{name: (learning rate, weight decay)} by the names alone, counted from the formula."""
    settings = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        inner = name[len(backbone):] if name.startswith(backbone) else None
        if inner is None or inner.startswith(('norm.', 'ln1.')):
            steps = 0
        elif inner.startswith('layers.'):
            steps = LAYERS - int(inner.split('.')[1])
        else:
            steps = LAYERS + 1
        free = parameter.ndim == 1 or inner in ('cls_token', 'cls_angles')
        settings[name] = (LR * RATE**steps, 0. if free else DECAY)
        assert not (NORM.search(name) or name.endswith('.bias')) or free
    return settings


def actual(model, optimizer):
    """{name: (learning rate, weight decay)} of every parameter in the optimizer."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {names[id(parameter)]: (group['lr'], group['weight_decay'])
            for group in optimizer.param_groups for parameter in group['params']}


def config_of(tiny, host, tmp_path, **more):
    path = tmp_path / f'{host}.py'
    text = [f"_base_ = '{tiny(host, False)}'", f'model = {dict(MODELS[host], **more.pop("model", {}))!r}',
            f'optim_wrapper = {dict(OPTIM, _delete_=True, **more.pop("optim_wrapper", {}))!r}']
    path.write_text('\n'.join([*text, *(f'{key} = {value!r}' for key, value in more.items())]))
    return path


def build(tiny, host, tmp_path, **more):
    cfg = Config.fromfile(config_of(tiny, host, tmp_path, **more))
    with DefaultScope.overwrite_default_scope(host):
        model = ROOT_MODELS.build(cfg.model)
        return model, cfg.optim_wrapper


def wrap(model, cfg, host='mmdet'):
    with DefaultScope.overwrite_default_scope(host):
        return build_optim_wrapper(model, cfg)


@pytest.mark.parametrize('host', MODELS)
@pytest.mark.parametrize('frozen_stages', [-1, 1])
def test_every_parameter_has_the_rate_of_its_depth_and_only_matrices_decay(tiny, tmp_path, host, frozen_stages):
    backbone = dict(MODELS[host]['backbone'], frozen_stages=frozen_stages)
    model, cfg = build(tiny, host, tmp_path, model=dict(backbone=backbone))
    settings = expected(model)
    depths = LAYERS + 2 - (2 if frozen_stages > 0 else 0)
    assert {lr for lr, _ in settings.values()} == {LR * RATE**steps for steps in range(depths)}
    assert actual(model, wrap(model, cfg, host).optimizer) == settings


@pytest.mark.parametrize('host', ['mmdet', 'mmpretrain'])
def test_mmpretrains_vision_transformer_is_served_too(tiny, tmp_path, host):
    backbone = dict(_delete_=True, type='mmpretrain.VisionTransformer', arch=ARCH, img_size=64, patch_size=16,
                    out_type='featmap' if host == 'mmdet' else 'cls_token')
    model, cfg = build(tiny, host, tmp_path, model=dict(backbone=backbone))
    cfg.paramwise_cfg.custom_keys = {'.cls_token': dict(decay_mult=0.), '.pos_embed': dict(decay_mult=0.)}
    settings = expected(model)
    for name in ('backbone.pos_embed', 'backbone.cls_token'):
        settings[name] = (settings[name][0], 0.)
    assert actual(model, wrap(model, cfg, host).optimizer) == settings


def test_a_pretrainer_and_a_bare_backbone_are_served_too():
    backbone = dict(type='mmrice.RICEViT', arch=ARCH, patch_size=16, out_type='raw')
    model = ROOT_MODELS.build(dict(
        type='mmrice.RICE', backbone=backbone, _scope_='mmpretrain',
        neck=dict(type='mmrice.RegionTransformer', in_channels=16, out_channels=8, num_heads=2, patch_size=16),
        head=dict(type='mmrice.ClusterDiscriminationHead', embed_dims=8, object=dict(num_classes=4))))
    assert actual(model, wrap(model, OPTIM).optimizer) == expected(model)
    assert actual(model.backbone, wrap(model.backbone, OPTIM).optimizer) == expected(model.backbone, '')


@pytest.fixture
def one_process(tmp_path):
    torch.distributed.init_process_group('gloo', f'file://{tmp_path}/store', rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


def test_a_model_wrapped_for_distributed_training_or_augmented_testing_has_the_same_rates(tiny, tmp_path, one_process):
    from mmdet.models import DetTTAModel
    model, cfg = build(tiny, 'mmdet', tmp_path)
    for wrapped in (MMDistributedDataParallel(model), DetTTAModel(module=model),
                    MMDistributedDataParallel(DetTTAModel(module=model))):
        assert actual(model, wrap(wrapped, cfg).optimizer) == expected(model)
    names = {name.replace('backbone.', 'backbone.module.'): value for name, value in expected(model).items()}
    model.backbone = MMDistributedDataParallel(model.backbone)
    assert actual(model, wrap(model, cfg).optimizer) == names


class Steps:
    """What each step of the optimizer did: [{name: (before, gradient, after)}]."""

    def __init__(self):
        self.taken, self.models = [], []
        self.hooks = [register_optimizer_step_pre_hook(self.before), register_optimizer_step_post_hook(self.after)]

    def parameters(self, optimizer):
        return [parameter for group in optimizer.param_groups for parameter in group['params']]

    def before(self, optimizer, *_):
        self.taken.append([(p, p.detach().clone(), p.grad.clone()) for p in self.parameters(optimizer)
                           if p.grad is not None])

    def after(self, optimizer, *_):
        self.taken[-1] = {id(p): (before, grad, p.detach().clone()) for p, before, grad in self.taken[-1]}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for hook in self.hooks:
            hook.remove()


@pytest.mark.parametrize('host, wrapper', [('mmdet', 'OptimWrapper'), ('mmseg', 'OptimWrapper'),
                                           ('mmpretrain', 'OptimWrapper'), ('mmpretrain', 'mmrice.AmpOptimWrapper')])
def test_training_steps_are_gradients_times_the_decayed_and_scheduled_rate(tiny, tmp_path, host, wrapper):
    schedule = [dict(type='LinearLR', start_factor=0.25, by_epoch=False, begin=0, end=2),
                dict(type='MultiStepLR', by_epoch=False, milestones=[3], gamma=0.1)]
    path = config_of(tiny, host, tmp_path, param_scheduler=schedule, optim_wrapper=dict(type=wrapper))
    with Steps() as steps:
        runner = train(path, tmp_path / f'{host}_{wrapper}', train_cfg__max_iters=5)
    settings, seen = expected(runner.model), set()
    assert len(steps.taken) == 5
    for factor, step in zip((0.25, 1., 1., 0.1, 0.1), steps.taken):
        for name, parameter in runner.model.named_parameters():
            if id(parameter) not in step:
                continue
            before, grad, after = step[id(parameter)]
            lr, decay = settings[name]
            move = factor * lr * (grad + decay * before)
            torch.testing.assert_close(after, before - move, rtol=1e-6, atol=1e-7)
            if move.abs().max() > 1e-5:  # a wrong rate, off by a factor of 2 at least, would have shown
                seen.add(lr)
    assert seen == {lr for lr, _ in settings.values()}

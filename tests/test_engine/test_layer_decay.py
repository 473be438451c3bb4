"""LayerDecayOptimWrapperConstructor: options, groups, the table and errors."""
import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS as ROOT_MODELS
from mmengine.registry import DefaultScope
from torch import nn

import mmrice  # noqa: F401 before any host
from mmrice.engine import layer_decay
from mmrice.models.backbones import RICEViT
from mmrice.utils import UserError

ARCH = dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=16)
NO_DECAY = dict(norm_decay_mult=0., bias_decay_mult=0., flat_decay_mult=0.)


class Model(nn.Module):
    """A backbone, and a head with every kind of parameter."""

    def __init__(self, backbone=None):
        super().__init__()
        self.backbone = backbone or RICEViT(ARCH, patch_size=8)
        self.head = nn.Sequential(nn.Conv2d(16, 16, 3, groups=16), nn.BatchNorm2d(16), nn.Linear(16, 4))
        self.cls_token = nn.Parameter(torch.rand(1, 1, 4))
        self.scale = nn.Parameter(torch.rand(4))


def build(model, optimizer=None, constructor='mmrice.LayerDecayOptimWrapperConstructor', **options):
    cfg = dict(optimizer=optimizer or dict(type='AdamW', lr=1., weight_decay=1.), paramwise_cfg=options)
    return build_optim_wrapper(model, dict(cfg, constructor=constructor)).optimizer


def settings(model, optimizer):
    """{name: (lr, weight decay)}."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {names[id(parameter)]: (group['lr'], group['weight_decay'])
            for group in optimizer.param_groups for parameter in group['params']}


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(layer_decay, 'print_log', lambda text, *_: lines.append(text))
    return lines


@pytest.mark.parametrize('kind', ['mmrice.RICEViT', 'mmpretrain.VisionTransformer'])
@pytest.mark.parametrize('options', [{}, dict(norm_decay_mult=0.5), dict(bias_decay_mult=0.5),
                                     dict(norm_decay_mult=0.1, bias_decay_mult=0.2, flat_decay_mult=0.3)])
def test_a_classifier_gets_what_mmpretrains_own_constructor_gives_it(kind, options):
    extra = dict(img_size=16) if 'Vision' in kind else {}
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = ROOT_MODELS.build(dict(
            type='ImageClassifier', backbone=dict(type=kind, arch=ARCH, patch_size=8, **extra),
            head=dict(type='LinearClsHead', num_classes=2, in_channels=16)))
        custom = {'.cls_token': dict(decay_mult=0.), '.cls_angles': dict(decay_mult=0.)}
        options = dict(options, layer_decay_rate=0.7, custom_keys=custom)
        theirs = build(model, constructor='LearningRateDecayOptimWrapperConstructor', **options)
        ours = build(model, **options)
    assert settings(model, ours) == settings(model, theirs)


def test_rules_and_bias_rates_are_mmengines_where_no_depth_scales_them():
    model = Model()
    decays = dict(norm_decay_mult=0.1, bias_decay_mult=0.2, dwconv_decay_mult=0.3, flat_decay_mult=0.4)
    options = dict(decays, bias_lr_mult=2.)
    ours = settings(model, build(model, layer_decay_rate=1, **options))
    theirs = build(model, constructor='DefaultOptimWrapperConstructor', **options)
    exempt = {f'backbone.{name}': (1., 0.) for name in model.backbone.no_weight_decay()}
    assert ours == {**settings(model, theirs), **exempt}
    assert {decay for _, decay in ours.values()} == {0., 0.1, 0.2, 0.3, 0.4, 1.}


def test_only_the_backbones_own_parameters_of_exactly_those_names_are_exempt():
    model = Model()
    model.backbone.layers[0].cls_token = nn.Parameter(torch.rand(1, 1, 4))
    model.backbone.cls_token_2 = nn.Parameter(torch.rand(1, 1, 4))
    found = settings(model, build(model, layer_decay_rate=0.5))
    assert {name for name, (_, decay) in found.items() if decay == 0} == {'backbone.cls_token', 'backbone.cls_angles'}
    assert found['cls_token'] == (1., 1.)


def test_custom_keys_multiply_what_depth_and_rules_give_and_the_longest_counts(said):
    custom = {'backbone': dict(lr_mult=0.1, decay_mult=2.), 'backbone.layers.1': dict(lr_mult=0.5),
              'head.2': dict(lr_mult=0), 'heads': dict(lr_mult=0.)}
    found = settings(model := Model(), build(model, layer_decay_rate=0.5, custom_keys=custom, **NO_DECAY))
    assert found['backbone.patch_embed.weight'] == (0.1 / 8, 2.)
    assert found['backbone.layers.0.attn.qkv.weight'] == (pytest.approx(0.1 / 4), 2.)
    assert found['backbone.layers.0.norm1.weight'] == (pytest.approx(0.1 / 4), 0.)
    assert found['backbone.layers.1.attn.qkv.weight'] == (0.25, 1.)
    assert found['head.2.weight'] == (0., 1.) and found['head.0.weight'] == (1., 1.)
    assert 'custom_keys that fit no parameter: heads' in said[0]


def test_the_table_and_the_names_of_the_groups_say_what_is_in_them(said):
    model = Model(RICEViT(ARCH, patch_size=8, frozen_stages=0))
    optimizer = build(model, dict(type='SGD', lr=0.2, weight_decay=0.1), layer_decay_rate=0.5, **NO_DECAY)
    assert [group['param_group_name'] for group in optimizer.param_groups] == [
        'depth 1: lr x 0.25, weight decay 0', 'depth 1: lr x 0.25, weight decay 0.1',
        'depth 2: lr x 0.5, weight decay 0', 'depth 2: lr x 0.5, weight decay 0.1',
        'depth 3, rest: lr x 1, weight decay 0', 'rest: lr x 1, weight decay 0.1'
    ]
    table, = said
    head, _, *rows = table.splitlines()
    assert 'rate 0.5, depths of RICEViT (backbone)' in head
    layer, decayed = list(model.backbone.layers[0].parameters()), 4
    numbers = sum(parameter.numel() for parameter in layer if parameter.ndim == 2)
    assert rows[1].split() == ['depth', '1', '0.25', '5.000e-02', '0.1', str(decayed), f'{numbers:,}']
    assert rows[-1].split()[:2] == ['frozen', '5'] and len(rows) == 7
    assert sum(int(row.split()[-2]) for row in rows) == len(list(model.parameters()))


def test_frozen_parameters_are_left_out_and_shared_ones_taken_once():
    model = Model(RICEViT(ARCH, patch_size=8, frozen_stages=1))
    model.tied = nn.Linear(16, 4)
    model.tied.weight = model.head[2].weight
    taken = [parameter for group in build(model, layer_decay_rate=0.5).param_groups for parameter in group['params']]
    assert len(taken) == len({id(parameter) for parameter in taken})
    assert {id(parameter) for parameter in taken} == {id(p) for p in model.parameters() if p.requires_grad}


def test_each_of_two_backbones_counts_its_own_depths():
    model = Model()
    model.teacher = nn.ModuleDict(dict(encoder=RICEViT(dict(ARCH, num_layers=5), patch_size=8)))
    found = settings(model, build(model, layer_decay_rate=0.5))
    assert found['backbone.patch_embed.weight'][0] == 0.5**3
    assert found['teacher.encoder.patch_embed.weight'][0] == 0.5**6


def test_the_innermost_module_that_knows_depths_is_asked_by_the_name_backbone():
    class Inner(nn.Linear):
        """Like MMPretrain's ResNet, it knows no other prefix."""

        def get_layer_depth(self, param_name, prefix=''):
            return (0 if param_name == 'backbone.weight' and prefix == 'backbone.' else 1), 2

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.net, self.fc = Inner(2, 2), nn.Linear(2, 2)

        def get_layer_depth(self, param_name, prefix=''):
            return 0, 4

    found = settings(model := Model(Outer()), build(model, layer_decay_rate=0.5))
    assert [found[f'backbone.{name}'][0] for name in ('net.weight', 'net.bias', 'fc.weight')] == [0.5, 1., 0.125]


@pytest.mark.parametrize('optimizer, decay', [('AdamW', 0.01), ('SGD', 0.)])
def test_an_unset_weight_decay_is_the_optimizers_own_and_the_exempt_still_do_not_decay(optimizer, decay):
    found = settings(model := Model(), build(model, dict(type=optimizer, lr=1.), layer_decay_rate=0.5, **NO_DECAY))
    assert found['head.2.weight'] == (1., decay) and found['head.2.bias'] == (1., 0.)


@pytest.mark.parametrize('options, message', [
    ({}, 'layer_decay_rate=None, but .* needs a number above 0 and at most 1'),
    (dict(layer_decay_rate=0.), 'layer_decay_rate=0.0, but'),
    (dict(layer_decay_rate=1.5), 'layer_decay_rate=1.5, but'),
    (dict(layer_decay_rate='0.7'), "layer_decay_rate='0.7', but"),
    (dict(decay_rate=0.7), "'decay_rate', which is none of .* Did you mean layer_decay_rate"),
    (dict(layer_decay_rate=0.7, norm_decay=0.), 'Did you mean norm_decay_mult'),
    (dict(layer_decay_rate=0.7, bias_decay_mult=-1), 'bias_decay_mult=-1 is not a number of at least 0'),
    (dict(layer_decay_rate=0.7, custom_keys=dict(head=dict(lr_mul=1))), r"custom_keys\['head'\] has 'lr_mul'.*lr_mult"),
    (dict(layer_decay_rate=0.7, custom_keys=dict(head=0.1)), "custom_keys={'head': 0.1} is not of the form"),
    (dict(layer_decay_rate=0.7, custom_keys=dict(head=dict(lr_mult='1'))), r"custom_keys\['head'\].lr_mult='1' is not"),
])
def test_a_wrong_option_is_named(options, message):
    with pytest.raises(UserError, match=message):
        build(Model(), **options)


def test_an_optimizer_without_a_learning_rate_is_refused():
    with pytest.raises(UserError, match='lr=None, but .* needs the learning rate'):
        build(Model(), dict(type='AdamW'), layer_decay_rate=0.5)


def test_a_backbone_without_depths_is_named_with_the_way_out():
    with pytest.raises(UserError, match='Conv2d, the backbone of Model, has no get_layer_depth.*mmrice.RICEViT.*drop'):
        build(Model(nn.Conv2d(3, 4, 1)), layer_decay_rate=0.5)


def test_a_model_with_nothing_to_train_is_refused():
    with pytest.raises(UserError, match='every parameter of Model is frozen'):
        build(Model().requires_grad_(False), layer_decay_rate=0.5)

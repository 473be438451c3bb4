"""Tunings change nothing at the start, train alone, and come back from checkpoints."""
import copy

import pytest
import torch
from torch import nn

from mmrice.models import AdaptedBackbone, RICEViT
from mmrice.utils import UserError

VIT = dict(type='mmrice.RICEViT', arch=dict(embed_dims=32, num_layers=3, num_heads=2, feedforward_channels=48),
           patch_size=8, out_type='raw')
TUNINGS = {'lora': dict(type='mmrice.LoRA', rank=2), 'bottleneck': dict(type='mmrice.BottleneckAdapter', hidden_dims=5),
           'conv': dict(type='mmrice.ConvAdapter', hidden_dims=5),
           'prompts': dict(type='mmrice.PromptTokens', num_tokens=3)}
SIZES = {'lora': 3 * 2 * ((32 + 96) + (32 + 32)), 'bottleneck': 3 * (2 * 32 * 5 + 5 + 32),
         'conv': 3 * (2 * 32 * 5 + 5 + 32 + 5 * 9 + 5), 'prompts': 3 * 3 * 32}


def make(*names, **kwargs):
    torch.manual_seed(0)
    model = AdaptedBackbone({**VIT, **kwargs.pop('vit', {})}, [TUNINGS[name] for name in names], **kwargs)
    return model.double()


def stir(model):
    """Move what is trained away from its start."""
    torch.manual_seed(1)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data += 0.1 * torch.randn_like(parameter)
    return model


@pytest.fixture
def images():
    return torch.randn(2, 3, 32, 48, generator=torch.Generator().manual_seed(2)).double()


@pytest.mark.parametrize('name', TUNINGS)
@pytest.mark.parametrize('vit', [{}, dict(window_size=3, global_attn_indexes=[1]), dict(with_cp=True)],
                         ids=['global', 'windows', 'checkpointing'])
def test_only_its_parameters_are_trained_and_all_of_them_matter(name, vit, images):
    model = make(name, vit=vit).train()
    plain = model.backbone(images) if name == 'prompts' else RICEViT(**{k: v for k, v in {**VIT, **vit}.items()
                                                                        if k != 'type'}).double()
    if name != 'prompts':  # zero at the start
        plain.load_state_dict(model.backbone.state_dict())
        torch.testing.assert_close(model(images)[0], plain(images)[0])
    assert model.count()[0] == SIZES[name] and not model.backbone.training
    stir(model)(images.requires_grad_())[0].square().sum().backward()
    for key, parameter in model.named_parameters():
        assert (parameter.grad is not None and parameter.grad.abs().sum() > 0) == key.startswith('tunings.'), key


def test_lora_is_merged_into_the_weights_with_equal_outputs(images):
    lora = dict(type='mmrice.LoRA', rank=4, alpha=2., targets=['attn.qkv', r'layers\.0\.ffn\..'])
    model = stir(AdaptedBackbone(VIT, [lora]).double()).eval()
    before = model(images)[0]
    merged = model.merged()
    plain = RICEViT(**{key: value for key, value in VIT.items() if key != 'type'}).double().eval()
    plain.load_state_dict(merged.state_dict())
    torch.testing.assert_close(plain(images)[0], before)
    with pytest.raises(UserError, match='ConvAdapter cannot be merged'):
        make('lora', 'conv').merged()


def test_prompts_are_seen_by_all_tokens_as_tokens_of_a_longer_sequence(images):
    model = make('prompts').eval()
    layer, prompts = model.backbone.layers[0], model.tunings[0].prompts[0]
    x = torch.randn(2, 7, 32).double()
    longer = torch.cat([x, prompts.expand(2, -1, -1)], dim=1)
    layer.attn.extra_tokens, kept = None, layer.attn.extra_tokens
    expected = layer(longer, None)[:, :7]
    layer.attn.extra_tokens = kept
    torch.testing.assert_close(layer(x, None), expected)
    stir(model)
    first = model(images)[0]
    model.tunings[0].prompts[2].data.zero_()
    assert not torch.allclose(model(images)[0], first)


def test_a_convolution_adapter_sees_neighbours_in_the_image_whatever_the_order_of_windows(images):
    model = stir(make('conv', vit=dict(window_size=3))).eval()
    whole = stir(make('conv')).eval()
    branch, other = model.tunings[0].branches[0], whole.tunings[0].branches[0]
    model(images), whole(images)
    tokens = torch.randn(2, 25, 32).double()
    order = branch.layout()[1].order
    shuffled = torch.cat([tokens[:, :1], tokens[:, 1:][:, order]], dim=1)
    found = branch(shuffled)
    torch.testing.assert_close(torch.cat([found[:, :1], found[:, 1:][:, order.argsort()]], dim=1), other(tokens))


def test_a_copy_is_independent_of_the_original(images):
    model = make('lora', 'conv', 'prompts').eval()
    twin = stir(copy.deepcopy(model))
    before = model(images)[0]
    assert not torch.allclose(twin(images)[0], before)
    torch.testing.assert_close(model(images)[0], before)


def test_a_checkpoint_of_the_trained_parameters_is_small_and_gives_the_same_model_back(tmp_path, images):
    torch.manual_seed(3)
    weights = RICEViT(**{key: value for key, value in VIT.items() if key != 'type'}).state_dict()
    torch.save(weights, tmp_path / 'vit.pth')
    vit = dict(init_cfg=dict(type='mmrice.RICEPretrained', checkpoint=str(tmp_path / 'vit.pth')))
    model = nn.Sequential(make('lora', 'bottleneck', vit=vit, save='trained', train_norms=True))
    model[0].init_weights()
    stir(model).double().eval()
    state = model.state_dict()
    assert all('.tunings.' in key or 'norm' in key for key in state) and len(state) > 20
    fresh = nn.Sequential(make('lora', 'bottleneck', vit=vit, save='trained', train_norms=True)).eval()
    fresh.load_state_dict(state)
    torch.testing.assert_close(fresh(images)[0], model(images)[0])
    everything = make('lora', vit=vit)
    assert len(everything.state_dict()) == len(weights) + 12


def test_layer_decay_sees_the_depths_of_the_backbone():
    model = make('lora')
    assert model.get_layer_depth('b.backbone.layers.1.norm1.weight', 'b.') == (2, 5)
    assert model.get_layer_depth('b.tunings.0.updates.layers-0-attn-qkv.up.weight', 'b.') == (4, 5)


@pytest.mark.parametrize(('kwargs', 'message'), [
    (dict(tunings=[]), 'no tunings'),
    (dict(tunings=[TUNINGS['lora']], save='trained'), "save='trained', expected 'all', or 'trained' with"),
    (dict(tunings=[dict(type='mmrice.LoRA', targets=['query'])]), r"targets=\['query'\] match no linear layer. There"),
    (dict(tunings=[dict(type='mmrice.LoRA', rank=0)]), 'rank=0, expected 1'),
    (dict(tunings=[dict(type='mmrice.ConvAdapter', hidden_dims=0)]), 'ConvAdapter: hidden_dims=0'),
    (dict(tunings=[dict(type='mmrice.PromptTokens', num_tokens=0)]), 'num_tokens=0'),
])
def test_mistakes_are_named(kwargs, message):
    with pytest.raises(UserError, match=message):
        AdaptedBackbone(VIT, **kwargs)

"""HuggingFaceViT gives the features of transformers' own models, from the weights that they saved."""
import json
import re
from typing import NamedTuple

import pytest
import torch
from torch import nn

from mmrice.models import FrozenBackbone, HuggingFaceViT
from mmrice.utils import UserError

transformers = pytest.importorskip('transformers')

SMALL = dict(hidden_size=32, num_hidden_layers=3, num_attention_heads=2, patch_size=8, image_size=32)
WIDE = dict(intermediate_size=48)
MODELS = {'clip_vision_model': ('CLIPVisionModel', WIDE), 'siglip_vision_model': ('SiglipVisionModel', WIDE),
          'dinov2': ('Dinov2Model', {}), 'dinov2_with_registers': ('Dinov2WithRegistersModel', {}),
          'dinov3_vit': ('DINOv3ViTModel', dict(num_register_tokens=2, **WIDE)), 'vit': ('ViTModel', WIDE),
          'mlcd_vision_model': ('MLCDVisionModel', WIDE)}
SIZES = [(32, 32), (24, 56), (8, 8)]
PREFIX = dict(siglip_vision_model=0, dinov2_with_registers=5, dinov3_vit=3)


class _Pair(NamedTuple):
    kind: str
    theirs: nn.Module
    folder: str

    def ours(self, **kwargs):
        """Our model, loaded from the directory that theirs was saved to."""
        config = dict(model_type=self.kind, **SMALL, **MODELS[self.kind][1])
        model = HuggingFaceViT(**{'config': config, **kwargs},
                               init_cfg=dict(type='mmrice.RICEPretrained', checkpoint=self.folder))
        model.init_weights()
        return model.eval()

    def forward(self, images, **kwargs):
        """Their outputs."""
        options = {} if self.kind.startswith(('dino', 'mlcd')) else dict(interpolate_pos_encoding=True)
        return self.theirs(pixel_values=images, **options, **kwargs)


@pytest.fixture(scope='module', params=MODELS)
def pair(request, tmp_path_factory):
    torch.manual_seed(0)
    kind, (cls, more) = request.param, MODELS[request.param]
    build = getattr(transformers, cls)
    theirs = build(build.config_class(**SMALL, **more)).eval()
    with torch.no_grad():  # no bias is zero and no norm is the identity, so that each of them matters
        for parameter in theirs.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
    folder = str(tmp_path_factory.mktemp(kind))
    theirs.save_pretrained(folder)
    return _Pair(kind, theirs, folder)


def final_norm(theirs):
    core = getattr(theirs, 'vision_model', theirs)
    return next(module for name, module in core.named_children() if name in ('post_layernorm', 'layernorm', 'norm'))


@pytest.mark.parametrize('size', SIZES)
@torch.no_grad()
def test_tokens_are_those_of_transformers(pair, size):
    images = torch.randn(2, 3, *size)
    last = pair.forward(images).last_hidden_state
    if pair.kind in ('clip_vision_model', 'mlcd_vision_model'):  # whose norm sees the class token alone there
        last = final_norm(pair.theirs)(last)
    ours = pair.ours(out_type='raw')
    tokens, = ours(images)
    torch.testing.assert_close(tokens, last, rtol=1e-5, atol=1e-5)
    assert ours.num_extra_tokens == PREFIX.get(pair.kind, 1) == tokens.shape[1] - size[0] * size[1] // 64


@torch.no_grad()
def test_maps_and_middle_layers_are_the_patch_tokens_of_the_hidden_states(pair):
    images = torch.randn(2, 3, 24, 40)
    states = pair.forward(images, output_hidden_states=True).hidden_states
    first, last = pair.ours(out_indices=(0, 2), final_norm=False)(images)
    for ours, theirs in ((first, states[1]), (last, states[3])):
        patches = theirs[:, PREFIX.get(pair.kind, 1):]
        torch.testing.assert_close(ours.flatten(2).transpose(1, 2), patches, rtol=1e-5, atol=1e-5)
        assert ours.shape == (2, 32, 3, 5) and ours.is_contiguous()
    mean, = pair.ours(out_type='avg_featmap', final_norm=False)(images)
    torch.testing.assert_close(mean, last.mean((2, 3)), rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_the_embedding_of_an_image_is_what_transformers_pools(pair):
    images = torch.randn(2, 3, 32, 32)
    output = pair.forward(images)
    pooled = output.last_hidden_state[:, 0] if pair.kind == 'vit' else output.pooler_output
    ours, = FrozenBackbone(dict(type='mmrice.HuggingFaceViT', config=pair.folder), out_type='cls_token')(images)
    assert ours.shape == pooled.shape
    torch.testing.assert_close(pair.ours(config=pair.folder, out_type='cls_token')(images)[0], pooled, rtol=1e-5,
                               atol=1e-5)


def test_every_parameter_gets_a_gradient_and_a_depth(pair):
    model = pair.ours().train()
    model(torch.randn(1, 3, 24, 16))[0].square().sum().backward()
    assert [name for name, parameter in model.named_parameters() if parameter.grad is None] == []
    depths = {name: model.get_layer_depth(f'backbone.{name}', 'backbone.') for name, _ in model.named_parameters()}
    assert {total for _, total in depths.values()} == {5}
    for name, (depth, _) in depths.items():
        layer = re.search(r'layers?\.(\d)\.', name)
        expected = int(layer[1]) + 1 if layer else 4 if re.match(r'network\.(post_)?(layer)?norm', name) else 0
        assert depth == expected, name
    assert all('norm' not in name and 'proj' not in name for name in model.no_weight_decay())


def test_a_trained_model_returns_with_its_own_names(pair):
    model = pair.ours()
    other = nn.ModuleDict(dict(backbone=HuggingFaceViT(pair.folder)))
    other.load_state_dict({f'backbone.{name}': value for name, value in model.state_dict().items()})
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in other['backbone'].state_dict().items())


def test_weights_of_another_model_are_refused_with_the_field_to_set(tmp_path):
    build = transformers.CLIPVisionModel
    build(build.config_class(**SMALL, **WIDE, hidden_act='gelu')).save_pretrained(tmp_path)
    init_cfg = dict(type='mmrice.RICEPretrained', checkpoint=str(tmp_path))

    def load(**changes):
        config = {**dict(model_type='clip_vision_model', hidden_act='gelu'), **SMALL, **WIDE, **changes}
        HuggingFaceViT(config, init_cfg=init_cfg).init_weights()

    load()
    with pytest.raises(UserError, match="hidden_act is 'gelu' there, 'quick_gelu' in the model"):
        load(hidden_act='quick_gelu')
    with pytest.raises(UserError, match='num_hidden_layers is 3 there, 2 in the model'):
        load(num_hidden_layers=2)
    with pytest.raises(UserError, match='positions for 32 px.*Set image_size=32'):
        load(image_size=64)
    with pytest.raises(UserError, match="model_type is 'clip_vision_model' there"):
        HuggingFaceViT(dict(model_type='dinov2', **SMALL), init_cfg=init_cfg).init_weights()


def test_what_a_user_can_get_wrong_is_said_in_one_line(tmp_path):
    with pytest.raises(UserError, match="no field 'hiden_size'. Did you mean 'hidden_size'"):
        HuggingFaceViT(dict(model_type='dinov2', hiden_size=32))
    with pytest.raises(UserError, match="model_type is 'resnet', expected clip_vision_model"):
        HuggingFaceViT(dict(model_type='resnet'))
    with pytest.raises(UserError, match='config.json: no such file.*nothing is downloaded'):
        HuggingFaceViT(str(tmp_path))
    (tmp_path / 'config.json').write_text(json.dumps(dict(model_type='siglip', vision_config=SMALL)))
    model = HuggingFaceViT(str(tmp_path))
    assert model.embed_dims == 32 and model.config.model_type == 'siglip_vision_model'
    with pytest.raises(UserError, match='30 x 32 pixels is not divisible by patch_size=8'):
        model(torch.zeros(1, 3, 30, 32))
    with pytest.raises(UserError, match='pools the last layer'):
        HuggingFaceViT(str(tmp_path), out_type='cls_token', out_indices=0)
    with pytest.raises(UserError, match='there are 3 layers'):
        HuggingFaceViT(str(tmp_path), out_indices=3)

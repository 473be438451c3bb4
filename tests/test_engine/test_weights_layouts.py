"""Weights are recognised by their keys and converted bit for bit; what is not a RICEViT is refused by name."""
from collections import OrderedDict

import pytest
import torch
from torch import nn

from mmrice.engine.weights import describe_backbone, infer_backbone, load_backbone
from mmrice.engine.weights.convert import to_hugging_face
from mmrice.models import RICEViT
from mmrice.utils import UserError

ARCH = dict(embed_dims=48, num_layers=2, num_heads=2, feedforward_channels=80)


class _AuthorsBlock(nn.Module):

    def __init__(self, torch_attention):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(48), nn.LayerNorm(48)
        self.attn = nn.MultiheadAttention(48, 2) if torch_attention else nn.ModuleDict(
            dict(in_proj=nn.Linear(48, 144), out_proj=nn.Linear(48, 48)))
        self.mlp = nn.Sequential(OrderedDict(c_fc=nn.Linear(48, 80), gelu=nn.GELU(), c_proj=nn.Linear(80, 48)))


class _Authors(nn.Module):
    """Parameters under the names of the authors' code."""

    def __init__(self, torch_attention=False):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 48, 14, 14, bias=False)
        self.class_embedding = nn.Parameter(torch.empty(48))
        self.class_pos_emb = nn.Parameter(torch.empty(1, 12))
        self.ln_pre, self.ln_post = nn.LayerNorm(48), nn.LayerNorm(48)
        self.transformer = nn.ModuleDict(
            dict(resblocks=nn.ModuleList(_AuthorsBlock(torch_attention) for _ in range(2))))
        torch.manual_seed(0)
        for parameter in self.parameters():
            nn.init.normal_(parameter)


def _hugging_face(authors):
    """What the authors' own conversion to Hugging Face makes."""
    transformers = pytest.importorskip('transformers')
    whole = transformers.MLCDVisionModel(transformers.MLCDVisionConfig(
        hidden_size=48, intermediate_size=80, num_hidden_layers=2, num_attention_heads=2, patch_size=14,
        num_key_value_groups=1))
    model = getattr(whole, 'vision_model', whole)  # version 5 has no such part
    pairs = [(model.embeddings.patch_embedding, authors.conv1), (model.pre_layrnorm, authors.ln_pre),
             (model.post_layernorm, authors.ln_post)]
    for theirs, block in zip(model.encoder.layers, authors.transformer.resblocks):
        pairs += [(theirs.layer_norm1, block.ln_1), (theirs.layer_norm2, block.ln_2), (theirs.mlp.fc1, block.mlp.c_fc),
                  (theirs.mlp.fc2, block.mlp.c_proj), (theirs.self_attn.out_proj, block.attn.out_proj)]
        for number, name in enumerate('qkv'):
            linear = getattr(theirs.self_attn, f'{name}_proj')
            for kind in ('weight', 'bias'):
                getattr(linear, kind).data = getattr(block.attn.in_proj, kind).data.chunk(3)[number]
    for theirs, module in pairs:
        theirs.load_state_dict(module.state_dict())
    model.embeddings.class_embedding.data = authors.class_embedding.data
    model.class_pos_emb.data = authors.class_pos_emb.data
    return model.state_dict()


def _load(state, tmp_path, **kwargs):
    torch.save(state, tmp_path / 'a.pth')
    return load_backbone(tmp_path / 'a.pth', **kwargs)


def _same(one, other):
    return one.keys() == other.keys() and all(
        one[key].dtype == other[key].dtype and torch.equal(one[key], other[key]) for key in one)


@pytest.fixture
def ours(tmp_path):
    """The weights in our layout."""
    return _load(_Authors().state_dict(), tmp_path).state


@pytest.mark.parametrize('wrap', ['', '_orig_mod.', 'module.', 'module._orig_mod.', 'visual.'])
@pytest.mark.parametrize('torch_attention', [False, True])
def test_authors_layout_is_read_with_and_without_wrappers(ours, tmp_path, wrap, torch_attention):
    state = {wrap + key: value for key, value in _Authors(torch_attention).state_dict().items()}
    state.update({f'{wrap}proj': torch.ones(48, 8), f'{wrap}positional_embedding': torch.ones(10, 48)})
    backbone = _load(state, tmp_path)
    assert backbone.config == dict(type='mmrice.RICEViT', arch=ARCH, patch_size=14, norm_eps=1e-5)
    assert [key.split('.')[-1] for key in backbone.dropped] == ['proj', 'positional_embedding']
    if not torch_attention:  # else the random numbers are others
        assert _same(backbone.state, ours)


@pytest.mark.parametrize('prefix', ['', 'vision_model.', 'model.vision_tower.vision_model.'])
def test_hugging_face_layout_gives_the_same_weights_as_the_authors(ours, tmp_path, prefix):
    state = {prefix + key: value for key, value in _hugging_face(_Authors()).items()}
    others = {'language_model.norm.weight': torch.ones(2), f'{prefix}embeddings.position_ids': torch.arange(5)}
    backbone = _load({**others, **state}, tmp_path)
    assert (backbone.layout.name, backbone.layout.prefix) == ('hugging_face', prefix)
    assert backbone.dropped == list(others)
    assert _same(backbone.state, ours)


def test_queries_keys_and_values_are_stacked_in_this_order(ours):
    block = _Authors().transformer.resblocks[1]
    assert torch.equal(ours['layers.1.attn.qkv.weight'], block.attn.in_proj.weight)
    assert torch.equal(to_hugging_face(ours)['vision_model.encoder.layers.1.self_attn.k_proj.bias'],
                       block.attn.in_proj.bias[48:96])


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_there_and_back_is_bit_exact_in_every_dtype(ours, tmp_path, dtype):
    state = {key: value.to(dtype) for key, value in ours.items()}
    assert _same(_load(to_hugging_face(state), tmp_path).state, state)


def test_conversion_covers_every_key_of_the_module_and_the_dict_builds_it(ours):
    config = infer_backbone(ours)
    model = RICEViT(**{key: value for key, value in config.items() if key != 'type'})
    model.load_state_dict(ours, strict=True)
    assert describe_backbone(model) == config


@pytest.mark.parametrize('options', [{}, dict(final_norm=False), dict(norm_eps=1e-6),
                                     dict(window_size=2, global_attn_indexes=(5, ))])
def test_live_model_is_described_so_that_it_can_be_built_again(options):
    model = RICEViT('tiny', patch_size=8, **options)
    config = describe_backbone(model)
    assert config['arch'] == 'tiny' and config['patch_size'] == 8
    again = RICEViT(**{key: value for key, value in config.items() if key != 'type'})
    assert again.state_dict().keys() == model.state_dict().keys()
    assert describe_backbone(again) == config


@pytest.mark.parametrize('prefix', ['backbone.', 'model.backbone.', 'module.backbone.', 'encoder.'])
def test_backbone_is_found_beside_neck_and_head(ours, tmp_path, prefix):
    state = {**{prefix + key: value for key, value in ours.items()}, 'neck.norm.weight': torch.ones(3)}
    backbone = _load(dict(state_dict=state, meta=dict(epoch=1)), tmp_path)
    assert _same(backbone.state, ours) and backbone.dropped == ['neck.norm.weight']


def test_among_several_backbones_the_usual_prefix_wins_and_others_must_be_named(ours, tmp_path):
    other = {key: value + 1 for key, value in ours.items()}
    state = {**{f'teacher.{key}': value for key, value in other.items()},
             **{f'backbone.{key}': value for key, value in ours.items()}}
    assert _same(_load(state, tmp_path).state, ours)
    assert _same(_load(state, tmp_path, prefix='teacher.').state, other)
    with pytest.raises(UserError, match='holds 2 backbones, under student., teacher.. Say which one with prefix'):
        _load({key.replace('backbone.', 'student.'): value for key, value in state.items()}, tmp_path)


def _foreign(kind):
    if kind in ('CLIPVision', 'SiglipVision'):
        transformers = pytest.importorskip('transformers')
        config = getattr(transformers, f'{kind}Config')(hidden_size=32, intermediate_size=48, num_hidden_layers=1,
                                                        num_attention_heads=2, image_size=32, patch_size=16)
        return getattr(transformers, f'{kind}Model')(config).state_dict()
    if kind == 'MMPretrain':
        models = pytest.importorskip('mmpretrain.models')
        return models.VisionTransformer('deit-t', img_size=32).state_dict()
    keys = dict(
        openai=['visual.conv1.weight', 'visual.class_embedding', 'visual.positional_embedding', 'visual.ln_pre.weight',
                'visual.transformer.resblocks.0.ln_1.weight', 'visual.transformer.resblocks.0.attn.in_proj_weight'],
        unicom=['pos_embed', 'patch_embed.proj.weight', 'blocks.0.attn.qkv.weight', 'blocks.0.mlp.fc1.weight',
                'norm.weight', 'feature.0.weight'],
        timm=['pos_embed', 'cls_token', 'patch_embed.proj.weight', 'blocks.0.norm1.weight'],
        resnet=['conv1.weight', 'bn1.weight', 'layer1.0.conv1.weight'])
    return {key: torch.ones(2) for key in keys[kind]}


@pytest.mark.parametrize('kind, words', [
    ('CLIPVision', 'a plain CLIP vision model in Hugging Face.s layout, as mlcd-vit-large-patch14-336 .*CLIPVisionMo'),
    ('SiglipVision', 'such as SigLIP'),
    ('openai', "a plain CLIP model in OpenAI's layout.*absolute positions .positional_embedding.*open_clip"),
    ('unicom', 'a UNICOM model. It has absolute positions .pos_embed., ReLU6 in its MLPs, no class token'),
    ('timm', 'a vision transformer with absolute positions'),
    ('MMPretrain', 'a vision transformer of MMPretrain'),
    ('resnet', 'no RICEViT among its 3 keys .conv1.weight, bn1.weight'),
])
def test_other_models_are_refused_with_what_they_are_and_why(tmp_path, kind, words):
    with pytest.raises(UserError, match=f'a.pth: .*{words}') as error:
        _load(_foreign(kind), tmp_path)
    assert '\n' not in str(error.value)


def test_key_of_another_architecture_is_refused(ours, tmp_path):
    with pytest.raises(UserError, match='layers.0.attn.q_norm.weight has no place in RICEViT'):
        _load({**ours, 'layers.0.attn.q_norm.weight': torch.ones(24)}, tmp_path)


@pytest.mark.parametrize('lost', ['class_pos_emb', 'encoder.layers.1.self_attn.k_proj.bias', 'pre_layrnorm.weight',
                                  'embeddings.patch_embedding.weight', 'encoder.layers.0.mlp.fc1.weight'])
def test_missing_key_is_named_as_in_the_file(ours, tmp_path, lost):
    state = to_hugging_face(ours)
    del state[f'vision_model.{lost}']
    with pytest.raises(UserError, match=f'a.pth: vision_model.{lost} is missing'):
        _load(state, tmp_path)


def test_shape_that_contradicts_the_others_is_an_error(ours, tmp_path):
    with pytest.raises(UserError, match=r'layers.1.norm1.weight has shape \(47,\), expected \(48,\)'):
        _load({**ours, 'layers.1.norm1.weight': torch.ones(47)}, tmp_path)

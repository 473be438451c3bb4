"""RICEPretrained fills a RICEViT inside every host from any layout, completely or with an error that says why."""
import copy
import shutil

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import MODELS as ROOT_MODELS
from mmengine.registry import DefaultScope
from safetensors.torch import load_file, save_file

import mmrice  # noqa: F401 before any host
from mmrice.engine import RICEPretrained
from mmrice.engine.weights import load_backbone, write_hugging_face
from mmrice.models import RICEViT
from mmrice.utils import UserError

ARCH = dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=24)
PYRAMID = dict(type='mmrice.SimpleFeaturePyramid', in_channels=16, out_channels=16)
PARTS = {
    'mmdet': dict(neck=dict(PYRAMID, _delete_=True)),
    'mmseg': dict(neck=dict(PYRAMID, num_extra_levels=0), decode_head=dict(in_channels=[16] * 4)),
    'mmpretrain': {},
}


def _vit(**kwargs):
    return RICEViT(**{**dict(arch=ARCH, patch_size=16), **kwargs})


@pytest.fixture(scope='module')
def sources(tmp_path_factory):
    """The same weights as a pretraining checkpoint, a bare file and a Hugging Face directory."""
    folder = tmp_path_factory.mktemp('weights')
    torch.manual_seed(0)
    state = _vit().state_dict()
    for value in state.values():
        torch.nn.init.normal_(value)
    torch.save(dict(state_dict={**{f'backbone.{key}': value for key, value in state.items()},
                                'head.object.centers': torch.ones(3)}), folder / 'pretraining.pth')
    save_file(state, folder / 'bare.safetensors')
    write_hugging_face(load_backbone(folder / 'bare.safetensors'), folder / 'directory')
    return folder, state


def _build(scope, tiny, checkpoint):
    cfg = Config.fromfile(tiny(scope))
    backbone = dict(_delete_=True, type='mmrice.RICEViT', arch=ARCH, patch_size=16,
                    out_type='cls_token' if scope == 'mmpretrain' else 'featmap',
                    init_cfg=dict(type='mmrice.RICEPretrained', checkpoint=str(checkpoint)))
    cfg.merge_from_dict(dict(model=dict(backbone=backbone, **copy.deepcopy(PARTS[scope]))))
    with DefaultScope.overwrite_default_scope(scope):
        __import__(f'{scope}.models')
        model = ROOT_MODELS.build(cfg.model)
        model.init_weights()
    return model


@pytest.mark.parametrize('name', ['pretraining.pth', 'bare.safetensors', 'directory'])
@pytest.mark.parametrize('scope, kind', [('mmdet', 'FasterRCNN'), ('mmseg', 'EncoderDecoder'),
                                         ('mmpretrain', 'ImageClassifier')])
def test_whole_models_of_each_host_start_from_the_weights(sources, tiny, scope, kind, name):
    folder, state = sources
    model = _build(scope, tiny, folder / name)
    assert type(model).__name__ == kind and isinstance(model.backbone, RICEViT)
    loaded = model.backbone.state_dict()
    assert loaded.keys() == state.keys()
    for key, value in state.items():
        assert torch.equal(loaded[key], value), key


@pytest.mark.parametrize('lost', ['embeddings.class_embedding', 'class_pos_emb', 'post_layernorm.bias',
                                  'encoder.layers.1.self_attn.v_proj.weight', 'encoder.layers.0.mlp.fc1.bias'])
@pytest.mark.parametrize('renamed', [True, False])
def test_one_key_less_is_an_error_and_nothing_partial_goes_unsaid(sources, tiny, tmp_path, lost, renamed):
    state = load_file(sources[0] / 'directory/model.safetensors')
    value = state.pop(f'vision_model.{lost}')
    if renamed:
        state[f'vision_model.{lost}_'] = value
    save_file(state, tmp_path / 'a.safetensors')
    with pytest.raises(UserError, match='a.safetensors') as error:
        _build('mmdet', tiny, tmp_path / 'a.safetensors')
    assert 'no place in RICEViT' in str(error.value) if renamed and '.' in lost else 'missing: ' in str(error.value)
    model = _vit()
    RICEPretrained(tmp_path / 'a.safetensors', min_coverage=0.9)(model)
    assert sum(not torch.equal(parameter, sources[1][name]) for name, parameter in model.named_parameters()) == 1


@pytest.mark.parametrize('options, words', [
    (dict(patch_size=14), 'patch_size 16 in the checkpoint, 14 in the model'),
    (dict(arch=dict(ARCH, num_heads=4)), 'num_heads 2 in the checkpoint, 4 in the model'),
    (dict(arch=dict(ARCH, num_layers=1)), 'num_layers 2 in the checkpoint, 1 in the model'),
    (dict(arch=dict(ARCH, num_layers=3)), 'num_layers 2 in the checkpoint, 3 in the model'),
    (dict(norm_eps=1e-6), 'norm_eps 1e-05 in the checkpoint, 1e-06 in the model'),
    (dict(arch='tiny', patch_size=8), 'embed_dims 16 in the checkpoint, 192 in the model; num_layers 2 in the '
     'checkpoint, 6 in the model; num_heads 2 in the checkpoint, 3 in the model; feedforward_channels 24 in the '
     'checkpoint, 768 in the model; patch_size 16 in the checkpoint, 8 in the model'),
])
def test_other_numbers_are_named_in_plain_words(sources, options, words):
    with pytest.raises(UserError) as error:
        RICEPretrained(sources[0] / 'directory')(_vit(**options))
    assert str(error.value).startswith(f'{sources[0]}/directory: {words}. Change the backbone in the config')


def test_fewer_layers_are_loaded_when_the_config_allows_it(sources):
    model = _vit(arch=dict(ARCH, num_layers=1))
    RICEPretrained(sources[0] / 'directory', min_coverage=0.99)(model)
    assert all(torch.equal(value, sources[1][key]) for key, value in model.state_dict().items())


def test_output_norm_that_the_model_lacks_is_reported_and_no_error(sources, monkeypatch):
    lines = []
    monkeypatch.setattr('mmrice.engine.pretrained_init.print_log', lambda text, *args: lines.append(text))
    RICEPretrained(sources[0] / 'directory')(_vit(final_norm=False))
    table = lines[0].splitlines()
    assert table[0] == (f"{sources[0]}/directory (Hugging Face's layout, keys under vision_model.) -> RICEViT: 100.0% "
                        'of the parameters loaded')
    assert [line.split()[:2] for line in table[1:]] == [
        ['matched', '29'], ['missing', '0'], ['unexpected', '2'], ['mismatched', '0']]


def test_plain_clip_is_refused_by_name(tmp_path):
    transformers = pytest.importorskip('transformers')
    config = transformers.CLIPVisionConfig(hidden_size=16, intermediate_size=24, num_hidden_layers=2,
                                           num_attention_heads=2, image_size=32, patch_size=16)
    transformers.CLIPVisionModel(config).save_pretrained(tmp_path / 'clip')
    with pytest.raises(UserError, match='clip: this is a plain CLIP vision model'):
        RICEPretrained(tmp_path / 'clip', min_coverage=0.)(_vit())


def test_config_that_contradicts_the_weights_is_an_error(sources, tmp_path):
    shutil.copytree(sources[0] / 'directory', tmp_path / 'hf')
    config = tmp_path / 'hf/config.json'
    config.write_text(config.read_text().replace('"num_attention_heads": 2', '"num_attention_heads": 4'))
    with pytest.raises(UserError, match='config.json: num_attention_heads is 4, but the weights beside it have 2'):
        RICEPretrained(tmp_path / 'hf')(_vit())


def test_weights_of_attention_modules_keep_their_names_for_other_modules(tmp_path):
    module = torch.nn.MultiheadAttention(4, 2)
    state = {key: torch.rand_like(value) for key, value in module.state_dict().items()}
    torch.save(state, tmp_path / 'a.pth')
    RICEPretrained(tmp_path / 'a.pth')(module)
    assert torch.equal(module.in_proj_weight, state['in_proj_weight'])


def test_log_says_which_parameters_came_from_the_checkpoint(sources, tmp_path):
    model = _vit(init_cfg=dict(type='mmrice.RICEPretrained', checkpoint=str(sources[0] / 'directory')))
    MMLogger.get_instance(f'weights-{tmp_path.name}', log_file=str(tmp_path / 'init.log'))
    model.init_weights()
    said = (tmp_path / 'init.log').read_text()
    assert said.count('RICEPretrained: loaded from') == len(list(model.parameters()))
    assert 'The value is the same before and after' not in said

"""Weights are read from files, Hugging Face directories and the hub's cache; bad ones are refused in one line."""
import json
import shutil
import sys

import pytest
import torch
from safetensors.torch import save_file

from mmrice.engine.weights import load_backbone, read_source, save_backbone, write_hugging_face
from mmrice.models import RICEViT
from mmrice.utils import UserError

COMMIT = '0123456789abcdef0123456789abcdef01234567'


@pytest.fixture(scope='module')
def model():
    torch.manual_seed(0)
    return RICEViT(dict(embed_dims=32, num_layers=3, num_heads=2, feedforward_channels=48), patch_size=4)


@pytest.fixture
def folder(model, tmp_path):
    """A Hugging Face directory."""
    torch.save(model.state_dict(), tmp_path / 'a.pth')
    write_hugging_face(load_backbone(tmp_path / 'a.pth'), tmp_path / 'hf')
    return tmp_path / 'hf'


def _same(backbone, model):
    own = model.state_dict()
    return backbone.state.keys() == own.keys() and all(torch.equal(backbone.state[key], own[key]) for key in own)


def _edit(path, **fields):
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def _refused(location):
    with pytest.raises(UserError) as error:
        load_backbone(location)
    assert '\n' not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize('safe', [True, False])
@pytest.mark.parametrize('shard_size', ['5GB', '20KB'])
def test_directories_of_hugging_face_are_read_whole_or_sharded(model, folder, tmp_path, safe, shard_size):
    transformers = pytest.importorskip('transformers')
    theirs = transformers.MLCDVisionModel.from_pretrained(folder)
    theirs.save_pretrained(tmp_path / 'again', safe_serialization=safe, max_shard_size=shard_size)
    assert any((tmp_path / 'again').glob('*index.json')) == (shard_size == '20KB')
    assert _same(load_backbone(tmp_path / 'again'), model)


@pytest.mark.parametrize('name', ['b.pth', 'b.pt', 'b.safetensors'])
def test_what_is_saved_is_read_with_what_describes_it(model, tmp_path, name):
    torch.save(model.state_dict(), tmp_path / 'a.pth')
    backbone = load_backbone(tmp_path / 'a.pth')
    backbone.preprocess = dict(mean=[1., 2., 3.], std=[4., 5., 6.], order='RGB')
    backbone.config['norm_eps'] = 1e-6
    save_backbone(backbone, tmp_path / name)
    again = load_backbone(tmp_path / name)
    assert _same(again, model)
    assert (again.config, again.preprocess) == (backbone.config, backbone.preprocess)


def test_config_and_preprocessor_beside_the_weights_are_heeded(folder):
    _edit(folder / 'config.json', layer_norm_eps=1e-6, image_size=560)
    _edit(folder / 'preprocessor_config.json', image_mean=[0.5, 0.4, 0.3], rescale_factor=0.01)
    for location in (folder, folder / 'model.safetensors'):
        backbone = load_backbone(location)
        assert backbone.config['norm_eps'] == 1e-6
        assert backbone.preprocess['mean'] == [50., 40., 30.]
        assert (backbone.preprocess['order'], backbone.preprocess['image_size']) == ('RGB', 560)


def test_vision_config_of_a_larger_model_is_used(folder):
    config = json.loads((folder / 'config.json').read_text())
    (folder / 'config.json').write_text(json.dumps(dict(vision_config=dict(config, layer_norm_eps=1e-6),
                                                        hidden_size=4096)))
    assert load_backbone(folder).config['norm_eps'] == 1e-6


@pytest.mark.parametrize('field, value, truth', [
    ('patch_size', 16, 4), ('num_attention_heads', 4, 2), ('num_hidden_layers', 2, 3), ('hidden_size', 64, 32),
    ('intermediate_size', 128, 48)])
def test_config_that_contradicts_the_weights_is_an_error(folder, field, value, truth):
    _edit(folder / 'config.json', **{field: value})
    assert f'config.json: {field} is {value}, but the weights beside it have {truth}' in _refused(folder)


def test_other_activation_than_gelu_is_an_error(folder):
    _edit(folder / 'config.json', hidden_act='quick_gelu')
    assert "config.json: hidden_act is 'quick_gelu'" in _refused(folder)


def test_other_rotation_is_an_error(folder):
    _edit(folder / 'config.json', rope_parameters=dict(rope_type='axial', rope_theta=100.0))
    assert 'config.json: rope_theta is 100.0, but RICEViT has 10000' in _refused(folder)


def test_truncated_safetensors_says_how_many_bytes_are_expected_and_found(folder):
    path = folder / 'model.safetensors'
    content = path.read_bytes()
    path.write_bytes(content[:-100])
    message = _refused(folder)
    assert f'{path}: damaged' in message
    assert f'expected {len(content):,} bytes, found {len(content) - 100:,}' in message
    path.write_bytes(content[:20])
    assert f'{path}: damaged' in _refused(path)


@pytest.mark.parametrize('name', ['model.safetensors', 'pytorch_model.bin'])
def test_git_lfs_pointer_is_recognised(tmp_path, name):
    (tmp_path / name).write_text('version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 123\n')
    assert f'{name}: damaged, or not a checkpoint (a Git LFS pointer' in _refused(tmp_path)


class _Code:

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, 'w')


@pytest.mark.parametrize('name', ['a.pth', 'pytorch_model.bin'])
def test_pickle_with_code_is_refused_and_does_not_run(model, tmp_path, name):
    torch.save(dict(model.state_dict(), extra=_Code(str(tmp_path / 'ran'))), tmp_path / name)
    assert f'{name}: holds an object of type' in _refused(tmp_path / name)
    assert not (tmp_path / 'ran').exists()


def test_directory_without_weights_says_what_it_holds(tmp_path):
    (tmp_path / 'config.json').write_text('{}')
    (tmp_path / 'latest.pth').write_text('')
    message = _refused(tmp_path)
    assert message.startswith(f'{tmp_path}: a directory without weights: expected model.safetensors or pytorch_')
    assert 'found config.json, latest.pth' in message


def test_missing_shard_is_named(folder, tmp_path):
    (folder / 'model.safetensors').rename(folder / 'model-00001-of-00002.safetensors')
    (folder / 'model.safetensors.index.json').write_text(json.dumps(dict(weight_map=dict(
        a='model-00001-of-00002.safetensors', b='model-00002-of-00002.safetensors'))))
    assert 'names 2 shards, of which 1 are missing: model-00002-of-00002.safetensors' in _refused(folder)
    (folder / 'model.safetensors.index.json').write_text('{"weight_map": ')
    assert 'model.safetensors.index.json: is not valid JSON' in _refused(folder)


@pytest.mark.parametrize('content', [{}, dict(state_dict={}), dict(epoch=3), [1, 2]])
def test_file_without_tensors_is_refused(tmp_path, content):
    torch.save(content, tmp_path / 'a.pth')
    assert 'a.pth: holds no weights' in _refused(tmp_path / 'a.pth')


@pytest.fixture
def hub(folder, tmp_path, monkeypatch):
    """A cache of huggingface_hub that holds ``org/rice`` (branch main, tag v1), and no network."""
    hub = pytest.importorskip('huggingface_hub')
    snapshot = tmp_path / 'cache/models--org--rice/snapshots' / COMMIT
    shutil.copytree(folder, snapshot)
    refs = snapshot.parents[1] / 'refs'
    refs.mkdir()
    for name in ('main', 'v1'):
        (refs / name).write_text(COMMIT)
    monkeypatch.setattr(hub.constants, 'HF_HUB_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setattr(hub.constants, 'HF_HUB_OFFLINE', True)
    monkeypatch.setattr(hub.HfApi, 'repo_info', lambda *args, **kwargs: pytest.fail('asked the hub while offline'))
    return snapshot


@pytest.mark.parametrize('name', ['hf://org/rice', 'hf://org/rice@v1', f'hf://org/rice@{COMMIT}'])
def test_hub_names_are_read_from_the_cache(model, hub, name):
    assert _same(load_backbone(name), model)
    assert read_source(name).name == name


def test_hub_repository_with_bin_files_alone_is_read(model, hub, tmp_path):
    (hub / 'model.safetensors').unlink()
    torch.save(torch.load(tmp_path / 'a.pth'), hub / 'pytorch_model.bin')
    assert _same(load_backbone('hf://org/rice'), model)


@pytest.mark.parametrize('name', ['hf://org/other', 'hf://org/rice@v2'])
def test_hub_name_that_is_not_cached_says_that_it_is_offline(hub, name, tmp_path):
    message = _refused(name)
    assert message.startswith(f'{name}: not in the Hugging Face cache ({tmp_path}/cache), and HF_HUB_OFFLINE forbids')


def test_hub_errors_name_their_cause(monkeypatch):
    hub = pytest.importorskip('huggingface_hub')
    monkeypatch.setattr(hub.constants, 'HF_HUB_OFFLINE', False)
    monkeypatch.setattr(hub, 'snapshot_download', lambda *args, **kwargs: (_ for _ in ()).throw(OSError('no route')))
    assert 'hf://org/rice: the hub cannot be reached (OSError)' in _refused('hf://org/rice')


def test_without_huggingface_hub_the_hint_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, 'huggingface_hub', None)
    assert 'hf://org/rice: needs huggingface_hub, which is not installed' in _refused('hf://org/rice')


@pytest.mark.parametrize('name', ['hf://rice', 'hf://', 'hf://a/b/c', 'hf://a/b@'])
def test_malformed_hub_name_says_how_it_is_written(name):
    assert f'{name}: expected hf://ORG/NAME' in _refused(name)


def test_safetensors_of_other_tools_need_no_metadata(model, tmp_path):
    save_file(model.state_dict(), tmp_path / 'a.safetensors')
    assert _same(load_backbone(tmp_path / 'a.safetensors'), model)

"""The converters run from the command line: there, back, into a multimodal model; one line on bad input."""
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from mmengine.registry import MODELS as ROOT_MODELS
from mmengine.registry import DefaultScope

import mmrice  # noqa: F401 before any host
from mmrice.engine.weights import describe_training
from mmrice.models import RICEViT

transformers = pytest.importorskip('transformers')

ROOT = Path(__file__).parents[2]
_OF_TRANSFORMERS = ('transformers_version', 'dtype', 'torch_dtype')  # differ between its versions
ARCH = dict(embed_dims=48, num_layers=3, num_heads=2, feedforward_channels=80)


def _tool(name, *arguments, **env):
    return subprocess.run([sys.executable, str(ROOT / f'tools/model_converters/{name}.py'), *map(str, arguments)],
                          text=True, capture_output=True, env=dict(os.environ, PYTHONPATH=str(ROOT), **env))


class _Code:

    def __reduce__(self):
        return print, ('ran', )


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A Hugging Face directory ``hf`` and a pretraining checkpoint ``pretraining.pth``, both random."""
    folder = tmp_path_factory.mktemp('converters')
    torch.manual_seed(0)
    config = transformers.MLCDVisionConfig(
        hidden_size=48, intermediate_size=80, num_hidden_layers=3, num_attention_heads=2, patch_size=14, image_size=56,
        num_key_value_groups=1)
    transformers.MLCDVisionModel(config).save_pretrained(folder / 'hf')
    transformers.CLIPImageProcessor(size=56, crop_size=56, image_mean=[0.5, 0.4, 0.3]).save_pretrained(folder / 'hf')
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = ROOT_MODELS.build(dict(
            type='mmrice.RICE', backbone=dict(type='mmrice.RICEViT', arch=ARCH, patch_size=14, out_type='raw'),
            neck=dict(type='mmrice.RegionTransformer', in_channels=48, out_channels=8, num_heads=2, patch_size=14),
            head=dict(type='mmrice.ClusterDiscriminationHead', embed_dims=8, object=dict(num_classes=4)),
            data_preprocessor=dict(mean=[120., 110., 100.], std=[60., 50., 40.], bgr_to_rgb=True)))
    torch.save(dict(state_dict=model.state_dict(), meta=describe_training(model)), folder / 'pretraining.pth')
    return folder


@pytest.fixture(scope='module')
def runs(folder):
    """Both tools' results: ``hf`` to ``ours.pth`` to ``back``, and ``pretraining.pth`` to ``exported``."""
    there = _tool('rice_to_mmrice', folder / 'hf', folder / 'ours.pth')
    back = _tool('mmrice_to_hf', folder / 'ours.pth', folder / 'back')
    exported = _tool('mmrice_to_hf', folder / 'pretraining.pth', folder / 'exported', '--image-size', 56)
    for run in (there, back, exported):
        assert run.returncode == 0, run.stderr
    return there, back, exported


def test_there_and_back_gives_the_same_files(runs, folder):
    for name in ('config.json', 'preprocessor_config.json'):
        expected, written = (json.loads((folder / place / name).read_text()) for place in ('hf', 'back'))
        assert {key: value for key, value in expected.items() if key not in _OF_TRANSFORMERS} == {
            key: value for key, value in written.items() if key not in _OF_TRANSFORMERS}
    assert (folder / 'back/model.safetensors').read_bytes() == (folder / 'hf/model.safetensors').read_bytes()


def test_converted_file_loads_safely_and_builds_its_backbone(runs, folder):
    checkpoint = torch.load(folder / 'ours.pth', weights_only=True)
    config = checkpoint['meta']['backbone']
    assert config == dict(type='mmrice.RICEViT', arch=ARCH, patch_size=14, norm_eps=1e-5)
    with DefaultScope.overwrite_default_scope('mmdet'):
        ROOT_MODELS.build(config).load_state_dict(checkpoint['state_dict'], strict=True)


def test_report_says_what_was_found_and_where_the_result_is(runs, folder):
    lines = runs[0].stdout.splitlines()
    assert lines == [f"source      {folder}/hf (Hugging Face's layout, keys under vision_model.)",
                     'backbone    RICEViT, no preset: 48 channels, 3 layers, 2 heads, MLP 80, patch 14, norm_eps 1e-05',
                     'parameters  80,700 in 43 tensors, float32', f'weights: {folder}/ours.pth']
    assert 'left out' in runs[2].stdout and runs[2].stdout.splitlines()[-1] == f'model: {folder}/exported'


def test_hub_name_is_converted_from_the_cache_while_offline(runs, folder):
    snapshot = folder / 'home/hub/models--org--rice/snapshots' / ('0' * 40)
    shutil.copytree(folder / 'hf', snapshot)
    (snapshot.parents[1] / 'refs').mkdir()
    (snapshot.parents[1] / 'refs/main').write_text('0' * 40)
    run = _tool('rice_to_mmrice', 'hf://org/rice', folder / 'hub.pth', HF_HOME=str(folder / 'home'), HF_HUB_OFFLINE='1')
    assert run.returncode == 0, run.stderr
    one, other = (torch.load(folder / name, weights_only=True) for name in ('hub.pth', 'ours.pth'))
    assert one['meta'] == {**other['meta'], 'source': 'hf://org/rice'}
    assert all(torch.equal(one['state_dict'][key], value) for key, value in other['state_dict'].items())


@pytest.mark.parametrize('name', ['back', 'exported'])
def test_transformers_opens_the_directory_without_missing_or_unexpected_keys(runs, folder, name):
    model, info = transformers.MLCDVisionModel.from_pretrained(folder / name, output_loading_info=True)
    assert not any(info.values()), info
    assert model.config.num_attention_heads == 2 and model.config.image_size == 56
    processor = transformers.AutoImageProcessor.from_pretrained(folder / name, use_fast=False)
    assert type(processor).__name__ == 'CLIPImageProcessor'
    assert processor.resample == 3 and processor.crop_size == dict(height=56, width=56)
    mean = [120 / 255, 110 / 255, 100 / 255] if name == 'exported' else [0.5, 0.4, 0.3]
    assert processor.image_mean == pytest.approx(mean, abs=1e-7)


@torch.no_grad()
def test_pretrained_backbone_gives_the_same_features_in_transformers(runs, folder):
    state = torch.load(folder / 'pretraining.pth', weights_only=True)['state_dict']
    ours = RICEViT(ARCH, patch_size=14).eval()
    ours.load_state_dict({key[9:]: value for key, value in state.items() if key.startswith('backbone.')})
    x = torch.randn(2, 3, 56, 28)
    theirs = transformers.MLCDVisionModel.from_pretrained(folder / 'exported').eval()
    torch.testing.assert_close(ours(x)[0], theirs(x).pooler_output, atol=1e-5, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize('layer', [-1, -2])
def test_directory_is_the_vision_tower_of_a_llava_model(runs, folder, layer):
    text = transformers.LlamaConfig(hidden_size=32, intermediate_size=48, num_hidden_layers=1, num_attention_heads=2,
                                    vocab_size=64)
    vision = transformers.MLCDVisionConfig.from_pretrained(folder / 'exported')
    llava = transformers.LlavaForConditionalGeneration(transformers.LlavaConfig(
        vision_config=vision, text_config=text, image_token_index=63, vision_feature_layer=layer)).eval()
    llava.model.vision_tower = transformers.MLCDVisionModel.from_pretrained(folder / 'exported')
    state = torch.load(folder / 'pretraining.pth', weights_only=True)['state_dict']
    ours = RICEViT(ARCH, patch_size=14, out_type='raw', out_indices=layer, final_norm=False).eval()
    ours.load_state_dict({key[9:]: value for key, value in state.items()
                          if key.startswith('backbone.') and not key.startswith('backbone.norm.')})
    image = torch.randn(1, 3, 56, 56)
    expected = llava.model.multi_modal_projector(ours(image)[0][:, 1:])
    torch.testing.assert_close(llava.get_image_features(image)[0], expected[0], atol=1e-5, rtol=0)
    tokens = torch.tensor([[1, *[63] * 16, 2]])
    with_image = llava(input_ids=tokens, pixel_values=image).logits
    assert not torch.allclose(with_image, llava(input_ids=tokens, pixel_values=-image).logits)


def _bad_inputs(folder):
    """{case: (tool, arguments, what the line says)}; the output would be ``out.pth`` or ``out``."""
    for name, field in (('patch', dict(patch_size=16)), ('heads', dict(num_attention_heads=4)), ('cut', {})):
        shutil.copytree(folder / 'hf', folder / name)
        config = json.loads((folder / name / 'config.json').read_text())
        (folder / name / 'config.json').write_text(json.dumps({**config, **field}))
    whole = (folder / 'cut/model.safetensors').read_bytes()
    (folder / 'cut/model.safetensors').write_bytes(whole[:20000])
    torch.save(dict(state_dict=_Code()), folder / 'code.pth')
    (folder / 'empty').mkdir()
    transformers.CLIPVisionModel(transformers.CLIPVisionConfig(
        hidden_size=32, intermediate_size=48, num_hidden_layers=1, num_attention_heads=2, image_size=32,
        patch_size=16)).save_pretrained(folder / 'clip')
    return {
        'patch': ('patch/config.json: patch_size is 16, but the weights beside it have 14', ),
        'heads': ('heads/config.json: num_attention_heads is 4, but the weights beside it have 2', ),
        'cut': (f'cut/model.safetensors: damaged, or not a checkpoint (expected {len(whole):,} bytes, found 20,000', ),
        'code.pth': ('code.pth: holds an object of type', ),
        'empty': ('empty: a directory without weights: expected model.safetensors', ),
        'clip': ('clip: this is a plain CLIP vision model', ),
        'pretraining.pth': ('pretraining.pth: an image size of 100 pixels is not divisible by patch_size=14',
                            '--image-size', 100),
    }


@pytest.fixture(scope='module')
def refused(runs, folder):
    cases = _bad_inputs(folder)
    with ThreadPoolExecutor(2) as pool:
        done = {name: pool.submit(_tool, 'mmrice_to_hf' if more else 'rice_to_mmrice', folder / name,
                                  folder / ('out' if more else 'out.pth'), *more)
                for name, (_, *more) in cases.items()}
        return {name: (cases[name][0], future.result()) for name, future in done.items()}


@pytest.mark.parametrize('name', ['patch', 'heads', 'cut', 'code.pth', 'empty', 'clip', 'pretraining.pth'])
def test_bad_input_is_one_line_and_leaves_nothing(refused, folder, name):
    words, run = refused[name]
    assert run.returncode == 1 and run.stdout == ''
    assert run.stderr.startswith('mmrice: ') and run.stderr.count('\n') == 1, run.stderr
    assert words in run.stderr
    assert not [path for path in folder.iterdir() if path.name.startswith(('out', '.tmp'))]

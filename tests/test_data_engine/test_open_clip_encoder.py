import json
import logging
import socket

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from mmrice.data_engine.encoders import OpenCLIPEncoder
from mmrice.utils import UserError

open_clip = pytest.importorskip('open_clip')
CONFIG = dict(embed_dim=24, vision_cfg=dict(image_size=32, layers=2, width=64, head_width=32, patch_size=8),
              text_cfg=dict(context_length=4, vocab_size=50, width=32, heads=2, layers=1))
BOXES = [[0, 0, 32, 32], [50, 70, 82, 102]]


@pytest.fixture
def image():
    coarse = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    return coarse.repeat(16, 0).repeat(16, 1)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A folder as for ``local-dir:``, with the same model as name, config and weights beside it."""
    folder = tmp_path_factory.mktemp('clip')
    (folder / 'mmrice-tiny.json').write_text(json.dumps(CONFIG))
    open_clip.add_model_config(folder / 'mmrice-tiny.json')
    torch.manual_seed(0)
    model = open_clip.create_model('mmrice-tiny')
    for weight in model.visual.parameters():  # far from their start, or all images would look alike
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.3)
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    preprocess = dict(mean=[0.4, 0.5, 0.6], std=[0.2, 0.25, 0.3])
    (folder / 'open_clip_config.json').write_text(json.dumps(dict(model_cfg=CONFIG, preprocess_cfg=preprocess)))
    save_file(state, folder / 'open_clip_model.safetensors')
    torch.save({'state_dict': {f'module.{key}': value for key, value in state.items()}}, folder / 'trained.pt')
    torch.save(state, folder / 'plain.bin')
    return folder


def expected(folder, image, **preprocess):
    """What open_clip makes of PIL crops, with its own loading and its own transform."""
    model = open_clip.create_model('mmrice-tiny', pretrained=str(folder / 'plain.bin')).eval()
    transform = open_clip.image_transform(32, is_train=False, **preprocess)
    with torch.no_grad():
        return model.encode_image(torch.stack([transform(Image.fromarray(image).crop(box)) for box in BOXES]), True)


@pytest.mark.parametrize('weights', ['open_clip_model.safetensors', 'trained.pt', 'plain.bin'])
def test_embeddings_are_those_of_open_clip_on_pil_crops(weights, folder, image):
    found = OpenCLIPEncoder('mmrice-tiny', str(folder / weights))([image], [np.float32(BOXES)])
    rows = expected(folder, image)
    assert found.dtype == np.float16 and (rows[0] - rows[1]).abs().max() > 0.05
    np.testing.assert_allclose(found, rows, atol=1e-3)


def test_a_folder_brings_its_own_mean_and_deviation(folder, image):
    found = OpenCLIPEncoder(f'local-dir:{folder}')([image], [np.float32(BOXES)])
    rows = expected(folder, image, mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3))
    assert (rows - expected(folder, image)).abs().max() > 0.01
    np.testing.assert_allclose(found, rows, atol=1e-3)


def test_a_config_file_describes_a_model_that_open_clip_does_not_know(folder, image, tmp_path):
    wide = dict(CONFIG, vision_cfg=dict(CONFIG['vision_cfg'], width=96))
    (tmp_path / 'mmrice-wide.json').write_text(json.dumps(wide))
    encoder = OpenCLIPEncoder(str(tmp_path / 'mmrice-wide.json'), str(folder / 'plain.bin'))
    with pytest.raises(UserError, match=r'plain.bin: 0 .*another architecture'):
        encoder([image], [np.float32(BOXES)])
    torch.save(open_clip.create_model('mmrice-wide').state_dict(), tmp_path / 'wide.pt')
    encoder = OpenCLIPEncoder(str(tmp_path / 'mmrice-wide.json'), str(tmp_path / 'wide.pt'))
    assert encoder([image], [np.float32(BOXES)]).shape == (2, 24)


def test_only_the_image_tower_is_loaded_and_no_text_tower_is_fetched(folder, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(socket.socket, 'connect', lambda *address: calls.append(address))
    hub_text = dict(CONFIG, text_cfg=dict(hf_model_name='roberta-base', hf_tokenizer_name='roberta-base'))
    (tmp_path / 'mmrice-hub.json').write_text(json.dumps(hub_text))
    network = OpenCLIPEncoder(str(tmp_path / 'mmrice-hub.json'), str(folder / 'plain.bin')).load()
    assert type(network).__name__ == 'VisionTransformer' and not calls


def test_building_leaves_logging_as_it_was(folder, caplog):
    before = logging.root.manager.disable, list(logging.root.handlers)
    assert OpenCLIPEncoder('mmrice-tiny', str(folder / 'plain.bin')).load() and not caplog.records
    assert (logging.root.manager.disable, list(logging.root.handlers)) == before


def test_the_fingerprint_follows_weights_and_config(folder, tmp_path):
    for name in ('open_clip_config.json', 'open_clip_model.safetensors'):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    encoder = OpenCLIPEncoder(f'local-dir:{tmp_path}')
    seen = {tuple(encoder.fingerprint())}
    for name in ('open_clip_config.json', 'open_clip_model.safetensors'):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + b' ')
        seen.add(tuple(encoder.fingerprint()))
    assert len(seen) == 3


@pytest.mark.parametrize(('model', 'checkpoint', 'message'), [
    ('hf-hub:laion/any', None, 'nothing is downloaded'),
    ('ViT-B-16', None, 'checkpoint is None with model=.ViT-B-16.: expected a local file'),
    ('local-dir:{0}', '{0}/plain.bin', 'weights lie in the folder'),
    ('mmrice-tinny', '{0}/plain.bin', "open_clip has no model 'mmrice-tinny'. Did you mean 'mmrice-tiny'"),
    ('mmrice-tiny', '{0}/none.pt', 'none.pt: no such file'),
    ('local-dir:{0}/none', None, 'none: no such folder'),
    ('{0}/open_clip_config.json', '{0}/plain.bin', 'lacks embed_dim, text_cfg, vision_cfg')])
def test_a_wrong_name_or_file_is_one_clear_line(model, checkpoint, message, folder, image):
    with pytest.raises(UserError, match=message) as error:
        OpenCLIPEncoder(model.format(folder), checkpoint and checkpoint.format(folder))([image], [np.float32(BOXES)])
    assert '\n' not in str(error.value)


def test_weights_that_hold_code_are_refused(tmp_path, folder, image):
    torch.save({'state_dict': {}, 'hook': print}, tmp_path / 'code.pt')
    with pytest.raises(UserError, match='code.pt: holds an object of type'):
        OpenCLIPEncoder('mmrice-tiny', str(tmp_path / 'code.pt'))([image], [np.float32(BOXES)])

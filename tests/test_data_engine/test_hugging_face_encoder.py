import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from mmrice.data_engine.encoders import HuggingFaceEncoder
from mmrice.utils import UserError

transformers = pytest.importorskip('transformers')
VISION = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2, image_size=32,
              patch_size=8)
TEXT = dict(hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, vocab_size=40)
BOXES = [[0, 0, 32, 32], [50, 70, 82, 102]]


@pytest.fixture
def image():
    coarse = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    return coarse.repeat(16, 0).repeat(16, 1)


def make(kind):
    """A tiny random model and what it makes of images."""
    t = transformers
    torch.manual_seed(3)
    if kind == 'clip':
        model = t.CLIPModel(t.CLIPConfig(text_config=TEXT, vision_config=VISION, projection_dim=24))
        return model, lambda x: model.get_image_features(pixel_values=x)
    if kind == 'clip_projection':
        model = t.CLIPVisionModelWithProjection(t.CLIPVisionConfig(**VISION, projection_dim=24))
        return model, lambda x: model(pixel_values=x).image_embeds
    if kind == 'siglip':
        model = t.SiglipModel(t.SiglipConfig(text_config=TEXT, vision_config=VISION))
        return model, lambda x: model.get_image_features(pixel_values=x)
    cls, config = {'clip_vision': (t.CLIPVisionModel, t.CLIPVisionConfig(**VISION)),
                   'siglip_vision': (t.SiglipVisionModel, t.SiglipVisionConfig(**VISION)),
                   'dinov2': (t.Dinov2Model, t.Dinov2Config(**VISION)),
                   'registers': (t.Dinov2WithRegistersModel, t.Dinov2WithRegistersConfig(**VISION)),
                   'mlcd': (t.MLCDVisionModel, t.MLCDVisionConfig(**VISION))}[kind]
    model = cls(config)
    return model, lambda x: model(pixel_values=x).pooler_output


def save(model, folder, **processor):
    for weight in model.parameters():  # far from their start, or all images would look alike
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.3)
    model.eval().save_pretrained(folder)
    values = dict(size={'shortest_edge': 32}, crop_size={'height': 32, 'width': 32}, image_mean=[0.4, 0.5, 0.6],
                  image_std=[0.2, 0.25, 0.3])
    transformers.CLIPImageProcessor(**{**values, **processor}).save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize('kind', ['clip', 'clip_projection', 'clip_vision', 'siglip', 'siglip_vision', 'dinov2',
                                  'registers', 'mlcd'])
def test_embeddings_are_those_of_the_model_and_its_processor_on_pil_crops(kind, image, tmp_path):
    model, embed = make(kind)
    path = save(model, tmp_path)
    crops = [Image.fromarray(image).crop(box) for box in BOXES]
    inputs = transformers.CLIPImageProcessor.from_pretrained(path)(crops, return_tensors='pt').pixel_values
    with torch.no_grad():
        expected = torch.nn.functional.normalize(embed(inputs), dim=1)
    found = HuggingFaceEncoder(path)([image], [np.float32(BOXES)])
    assert found.dtype == np.float16 and (expected[0] - expected[1]).abs().max() > 0.05
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_without_a_processor_the_usual_numbers_of_the_type_are_taken(tmp_path):
    for kind, mean, std in (('clip_vision', 122.771, 68.501), ('siglip', 127.5, 127.5), ('dinov2', 123.675, 58.395)):
        make(kind)[0].save_pretrained(tmp_path / kind)
        encoder = HuggingFaceEncoder(str(tmp_path / kind))
        assert encoder.load() and encoder.input_size == 32
        assert (round(encoder.mean[0], 3), round(encoder.std[0], 3)) == (mean, std)


def test_options_come_before_what_the_folder_says(tmp_path):
    path = save(make('dinov2')[0], tmp_path, do_center_crop=False, size={'height': 48, 'width': 48})
    found = HuggingFaceEncoder(path)
    given = HuggingFaceEncoder(path, input_size=64, mean=(1, 2, 3), std=(4, 5, 6))
    assert found.load() and found.input_size == 48
    np.testing.assert_allclose(found.mean, (102, 127.5, 153), rtol=1e-5)
    assert given.load() and (given.input_size, given.mean, given.std) == (64, (1, 2, 3), (4, 5, 6))


def test_the_fingerprint_follows_weights_and_descriptions(tmp_path):
    encoder = HuggingFaceEncoder(save(make('mlcd')[0], tmp_path))
    seen = {tuple(encoder.fingerprint())}
    for name in ('model.safetensors', 'preprocessor_config.json'):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + b' ')
        seen.add(tuple(encoder.fingerprint()))
    assert len(seen) == 3


def broken(folder, **changes):
    config = json.loads((folder / 'config.json').read_text())
    (folder / 'config.json').write_text(json.dumps({**config, **changes}))


@pytest.mark.parametrize(('changes', 'options', 'message'), [
    ({'model_type': 'bert'}, {}, "config.json: model_type is 'bert', expected clip, clip_vision_model, siglip"),
    ({'num_hidden_layers': 3}, {}, '16 weights of CLIPVisionModel are not in it, first'),
    ({'hidden_size': 64}, {}, 'cannot be read as CLIPVisionModel'),
    ({}, {'input_size': 64}, 'has positions for 32 px, but the crops would have 64 px')])
def test_a_folder_that_does_not_fit_is_one_clear_line(changes, options, message, tmp_path, image):
    path = save(make('clip_vision')[0], tmp_path)
    broken(tmp_path, **changes)
    with pytest.raises(UserError, match=message) as error:
        HuggingFaceEncoder(path, **options)([image], [np.float32(BOXES)])
    assert '\n' not in str(error.value)


def test_missing_folders_files_and_weights_are_named(tmp_path, image):
    with pytest.raises(UserError, match='none: no such folder. Nothing is downloaded'):
        HuggingFaceEncoder(str(tmp_path / 'none')).fingerprint()
    path = save(make('clip_vision')[0], tmp_path / 'model')
    (tmp_path / 'model' / 'model.safetensors').unlink()
    with pytest.raises(UserError, match='cannot be read as CLIPVisionModel .*no file named'):
        HuggingFaceEncoder(path)([image], [np.float32(BOXES)])
    shutil.rmtree(path)
    (tmp_path / 'model').mkdir()
    with pytest.raises(UserError, match='config.json: no such file'):
        HuggingFaceEncoder(path)([image], [np.float32(BOXES)])

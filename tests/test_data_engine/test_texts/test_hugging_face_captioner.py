import json

import numpy as np
import pytest
import torch
from PIL import Image

from mmrice.data_engine.captioners import HuggingFaceCaptioner
from mmrice.utils import UserError

transformers = pytest.importorskip('transformers')
import tiny_models  # noqa: E402

RECORDS = [{}] * 3


@pytest.fixture(scope='module')
def images():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (h, w, 3), np.uint8).repeat(8, 0).repeat(8, 1) for h, w in ((8, 6), (5, 12), (8, 8))]


@pytest.fixture(scope='module')
def blip(tmp_path_factory):
    folder = tmp_path_factory.mktemp('blip')
    return folder, tiny_models.write_blip(folder)


@pytest.fixture(scope='module')
def llava(tmp_path_factory):
    folder = tmp_path_factory.mktemp('llava')
    return folder, tiny_models.write_llava(folder)


def processor_of(folder):
    fast = {'use_fast': True} if transformers.__version__ < '5' else {}
    return transformers.AutoProcessor.from_pretrained(folder, **fast)


def alone(folder, model, image, given=0, text=None):
    """What the model writes of one image, without the first ``given`` tokens."""
    processor = processor_of(folder)
    inputs = processor(images=Image.fromarray(image), return_tensors='pt', **({'text': text} if text else {}))
    with torch.no_grad():
        tokens = model.generate(**inputs, max_new_tokens=6, do_sample=False)
    return processor.decode(tokens[0, given:], skip_special_tokens=True).strip()


def test_captions_of_a_batch_are_those_of_each_image_alone(blip, images):
    folder, model = blip
    found = HuggingFaceCaptioner(str(folder), max_new_tokens=6)(images, RECORDS)
    assert found == [[alone(folder, model, image)] for image in images]
    assert len({caption for caption, in found}) == 3 and all(caption for caption, in found)


def test_the_beginning_of_a_caption_is_given_and_taken_off(blip, images):
    folder, model = blip
    found = HuggingFaceCaptioner(str(folder), prompt='The dog', max_new_tokens=6)(images, RECORDS)
    whole = [alone(folder, model, image, text='The dog') for image in images]
    assert all(text.startswith('the dog ') for text in whole)
    assert found == [[text[len('the dog '):]] for text in whole]
    assert found != HuggingFaceCaptioner(str(folder), max_new_tokens=6)(images, RECORDS)


def test_a_model_that_chats_is_asked_and_its_answer_is_the_caption(llava, images):
    folder, model = llava
    for prompt, asked in ((None, 'Describe this image.'), ('the tree .', 'the tree .')):
        text = f'USER: <image> {asked} ASSISTANT:'
        given = processor_of(folder)(images=Image.fromarray(images[0]), text=text, return_tensors='pt').input_ids
        expected = [[alone(folder, model, image, given.shape[1], text)] for image in images]
        assert HuggingFaceCaptioner(str(folder), prompt, max_new_tokens=6)(images, RECORDS) == expected


def test_a_beam_finds_other_words(blip, images):
    greedy, beam = (HuggingFaceCaptioner(str(blip[0]), num_beams=n, max_new_tokens=12)(images, RECORDS) for n in (1, 4))
    assert greedy != beam


def test_a_caption_that_is_longer_than_the_model_can_write_is_one_clear_line(blip, images):
    with pytest.raises(UserError, match='BlipForConditionalGeneration cannot write .* Lower engine.caption.max_new_t'):
        HuggingFaceCaptioner(str(blip[0]), max_new_tokens=77)(images, RECORDS)


def test_the_fingerprint_follows_weights_and_vocabulary(tmp_path):
    tiny_models.write_blip(tmp_path)
    captioner = HuggingFaceCaptioner(str(tmp_path))
    seen = {tuple(captioner.fingerprint())}
    for name in ('model.safetensors', 'vocab.txt', 'config.json'):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + b' ')
        seen.add(tuple(captioner.fingerprint()))
    assert len(seen) == 4


@pytest.mark.parametrize('settings, message', [
    ({'max_new_tokens': 0}, 'engine.caption.max_new_tokens is 0'), ({'num_beams': 0}, 'engine.caption.num_beams is 0'),
    ({'batch_size': 0}, 'engine.caption.batch_size is 0'), ({'num_threads': 0}, 'engine.caption.num_threads is 0'),
    ({'dtype': 'half'}, "engine.caption.dtype is 'half', expected float32"),
    ({'dtype': 'float16'}, "engine.caption.dtype is 'float16', which is for GPUs")])
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(UserError, match=message):
        HuggingFaceCaptioner('model', **settings)


def test_a_folder_that_does_not_fit_is_one_clear_line(tmp_path, images):
    with pytest.raises(UserError, match='none/config.json: no such file. engine.caption.path is a local model folder'):
        HuggingFaceCaptioner(str(tmp_path / 'none')).fingerprint()
    tiny_models.write_blip(tmp_path)
    with pytest.raises(UserError, match="engine.caption.device is 'gpu', expected"):
        HuggingFaceCaptioner(str(tmp_path), device='gpu')(images, RECORDS)
    config = json.loads((tmp_path / 'config.json').read_text())
    for change, message in (({'vision_config': {**config['vision_config'], 'num_hidden_layers': 2}},
                             'weights of AutoModelForImageTextToText are not in it, first'),
                            ({'model_type': 'bert'}, 'cannot be read as AutoModelForImageTextToText')):
        (tmp_path / 'config.json').write_text(json.dumps({**config, **change}))
        with pytest.raises(UserError, match=message) as error:
            HuggingFaceCaptioner(str(tmp_path))(images, RECORDS)
        assert '\n' not in str(error.value)
    (tmp_path / 'model.safetensors').unlink()
    with pytest.raises(UserError, match='the weights are missing'):
        HuggingFaceCaptioner(str(tmp_path)).fingerprint()

import numpy as np
import pytest
import torch

from mmrice.data_engine.tags import HuggingFaceTagger
from mmrice.utils import UserError

transformers = pytest.importorskip('transformers')
import tiny_models  # noqa: E402

NAMES = ['dog', 'cat', 'tree', 'sea', 'black dog', 'gull']
REGION = {'box': [8, 0, 32, 16], 'text': 'it', 'score': 0.25}


@pytest.fixture(scope='module')
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp('models')
    (folder / 'names.txt').write_text('\n'.join(NAMES))
    return {kind: (folder / kind, getattr(tiny_models, f'write_{kind}')(folder / kind)) for kind in ('clip', 'siglip')}


def tagger(models, kind, **kwargs):
    folder = models[kind][0]
    return HuggingFaceTagger(str(folder), str(folder.parent / 'names.txt'), **kwargs)


@pytest.fixture(scope='module')
def images():
    """Of the size of the models' input, so that nothing is resized."""
    return [np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8).repeat(4, 0).repeat(4, 1)
            for seed in range(3)]


def probabilities(models, kind, image):
    """By the model's own forward pass of one image and all names."""
    folder, model = models[kind]
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokens = tokenizer([f'a photo of {name}.' for name in NAMES], padding='max_length', max_length=16, truncation=True,
                       return_tensors='pt')
    pixels = (torch.from_numpy(image).permute(2, 0, 1)[None] / 255 - 0.5) / 0.5
    mask = {'attention_mask': tokens['attention_mask']} if kind == 'clip' else {}
    with torch.no_grad():
        logits = model(input_ids=tokens['input_ids'], pixel_values=pixels, **mask).logits_per_image[0]
    return (logits.softmax(0) if kind == 'clip' else logits.sigmoid()).numpy()


@pytest.mark.parametrize('kind', ['clip', 'siglip'])
def test_tags_are_the_likeliest_names_over_the_threshold(models, kind, images):
    everything = [probabilities(models, kind, image) for image in images]
    threshold = float(np.sort(np.concatenate(everything))[5:7].mean())  # a third of all are not over it
    found = tagger(models, kind, min_score=threshold, top_k=4)(images, [{}] * 3, [[]] * 3, [[]] * 3)
    for one, scores in zip(found, everything):
        assert one.image == [NAMES[number] for number in np.argsort(-scores)[:4] if scores[number] > threshold]
    assert len({tuple(one.image) for one in found}) > 1 and not len(found[0].boxes)


def test_a_region_gets_the_tags_of_its_pixels_alone(models, images):
    of = tagger(models, 'siglip', min_score=0, top_k=6)
    region, other = images[0][0:16, 8:32], images[1].copy()
    other[0:16, 8:32] = region
    found = of([images[0], other], [{}] * 2, [[]] * 2, [[REGION], [REGION, {**REGION, 'box': [0, 0, 32, 32]}]])
    assert found[0].regions == found[1].regions[:1] and found[1].regions[1] == found[1].image
    alone, = of([region], [{}], [[]], [[]])
    assert alone.image == found[0].regions[0]
    assert found[0].boxes.tolist() == [REGION['box']] and found[0].scores.tolist() == [0.25]


@pytest.mark.parametrize('arguments, message', [
    ({'min_score': 1}, 'engine.tag.min_score is 1'), ({'top_k': 0}, 'engine.tag.top_k is 0'),
    ({'template': 'x'}, "engine.tag.template is 'x'"), ({'dtype': 'int8'}, "engine.tag.dtype is 'int8'")])
def test_wrong_settings_are_refused(models, arguments, message):
    with pytest.raises(UserError, match=message):
        tagger(models, 'clip', **arguments)


def test_other_names_are_another_fingerprint(models, tmp_path):
    (tmp_path / 'names.txt').write_text('dog')
    folder = str(models['clip'][0])
    one, other = (HuggingFaceTagger(folder, str(names)).fingerprint() for names in
                  (tmp_path / 'names.txt', models['clip'][0].parent / 'names.txt'))
    assert one != other and one[1:] == other[1:]
    with pytest.raises(UserError, match='none/config.json: no such file. engine.tag.path is a local model folder'):
        HuggingFaceTagger(str(tmp_path / 'none'), str(tmp_path / 'names.txt')).fingerprint()

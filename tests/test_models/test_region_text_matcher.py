import pytest
import torch
import torch.nn.functional as F
from test_region_recognizer import BOXES, CLASSES, images, sample  # noqa: F401

from mmrice.testing.tiny_region_text import DIMS, parts
from mmrice.utils import UserError
from mmrice.utils.tokenizers import load_clip_tokenizer

PHRASES, CAPTIONS = [['a cat', 'a dog', 'the sky'], []], [['a cat and a dog', 'pets'], []]


def build(kind, names, **kwargs):
    from mmrice.registry import MODELS
    torch.manual_seed(0)
    return MODELS.build(dict(type=f'mmrice.{kind}', **parts('backbone', 'text_encoder', *names), **kwargs)).eval()


def samples(**meta):
    return [sample(boxes, phrases=phrases, captions=captions, **meta)
            for boxes, phrases, captions in zip(BOXES, PHRASES, CAPTIONS)]


class Finder(torch.nn.Module):
    """A pooling that finds a box for a text: it says the first four numbers of the text's vector."""

    def forward(self, tokens, grid, boxes):
        return torch.cat([own.new_ones(len(own), DIMS) for own in boxes])

    def ground(self, tokens, grid, texts):
        return torch.cat(texts)[:, :4]


@torch.no_grad()
def test_regions_phrases_images_and_captions_are_embedded_each_as_alone(images):  # noqa: F811
    model = build('RegionTextMatcher', ('neck', 'image_neck'))
    first, second = model.predict(images, samples())

    def text(words):
        return F.normalize(model.text_encoder(load_clip_tokenizer()([words], 24))[1][0], dim=0)

    tokens = model.backbone(images)[-1]
    for place, box in enumerate(BOXES[0]):
        region, = model.neck(tokens[:1], (5, 6), [torch.tensor([box])])
        close(first.pred_regions.embeddings[place], F.normalize(region, dim=0))
        close(first.pred_regions.text_embeddings[place], text(PHRASES[0][place]))
    assert first.pred_regions.phrases == PHRASES[0] and len(second.pred_regions) == 0
    close(torch.stack([first.image_embedding, second.image_embedding]),
          F.normalize(model.image_neck((tokens[:, 0], ))[-1], dim=1))
    close(first.caption_embeddings, torch.stack([text(words) for words in CAPTIONS[0]]))
    assert len(second.caption_embeddings) == 0


def close(found, expected):
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@torch.no_grad()
def test_only_what_its_parts_allow_is_embedded(images):  # noqa: F811
    found, _ = build('RegionTextMatcher', ('neck', )).predict(images, samples())
    assert 'pred_regions' in found and 'image_embedding' not in found
    found, _ = build('RegionTextMatcher', ('image_neck', )).predict(images, samples())
    assert 'pred_regions' not in found and 'image_embedding' in found
    cut = build('RegionTextMatcher', ('image_neck', ), pooling='crop', crop_size=16)
    found, _ = cut.predict(images[:, :, :39], samples())  # no multiple of the patch size, which only crops need to be
    assert found.pred_regions.embeddings.shape == (3, DIMS) and 'image_embedding' not in found


@torch.no_grad()
def test_a_box_found_for_a_phrase_is_cut_at_the_edges_and_in_pixels_of_the_image(images):  # noqa: F811
    model = build('RegionTextMatcher', ('neck', ))
    model.neck, model.grounds = Finder(), True
    first, second = model.predict(images, samples(scale_factor=(0.5, 2.), pad_offset=(4, 8)))
    for phrase, box in zip(PHRASES[0], first.pred_instances.bboxes):
        x1, y1, x2, y2 = model.embed_texts([phrase])[0][:4] * torch.tensor([48, 40, 48, 40])
        expected = torch.stack([(x1 - 4) / 0.5, (y1 - 8) / 2, (x2 - 4) / 0.5, (y2 - 8) / 2])
        close(box, torch.minimum(expected.clamp(min=0), torch.tensor([48., 40., 48., 40.])))
    assert first.pred_instances.label_names == first.gt_instances.label_names == PHRASES[0]
    assert len(second.pred_instances) == 0


def test_settings_that_cannot_work_are_named(images):  # noqa: F811
    with pytest.raises(UserError, match='grounds=True, but the neck finds no boxes'):
        build('RegionTextMatcher', ('neck', ), grounds=True)
    with pytest.raises(UserError, match="pooling='crop'.*needs image_neck"):
        build('RegionTextMatcher', ('neck', ), pooling='crop')
    with pytest.raises(UserError, match='0 text for 3 boxes.*RegionTextFile'):
        build('RegionTextMatcher', ('neck', ), phrase_key='text').predict(images[:1], [sample(BOXES[0])])


@torch.no_grad()
def test_a_whole_image_is_named_by_the_text_whose_vector_is_nearest(images):  # noqa: F811
    model = build('ZeroShotClassifier', ('image_neck', ), classes=CLASSES, templates=['{}', 'a photo of a {}.'])
    found = model(images, mode='predict')
    expected = (model(images) @ model.class_vectors().T / 0.01).softmax(1)
    assert [int(each.pred_label) for each in found] == expected.argmax(1).tolist()
    close(torch.stack([each.pred_score for each in found]), expected)
    with pytest.raises(UserError, match='nothing to train'):
        model(images, mode='loss')

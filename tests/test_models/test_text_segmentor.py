"""TextSegmentor: each patch by itself, and MMSegmentation's ways of testing."""
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope

import mmrice  # noqa: F401 before a host
from mmrice.registry import MODELS
from mmrice.utils import UserError

pytest.importorskip('mmseg')
PARTS = dict(
    backbone=dict(
        type='mmrice.RICEViT', patch_size=8,
        arch=dict(embed_dims=32, num_layers=1, num_heads=2, feedforward_channels=48)),
    text_encoder=dict(
        type='mmrice.TextTransformer', out_dims=16,
        arch=dict(embed_dims=32, num_layers=1, num_heads=2, feedforward_channels=48)))
PROMPTER = dict(type='mmrice.Prompter', in_channels=32, out_channels=16, patch_size=8)
IMAGE_NECK = dict(type='LinearNeck', in_channels=32, out_channels=16, norm_cfg=None)
CLASSES = ['sky', 'a dog', 'grass']


def make(**kwargs):
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmseg'):
        return MODELS.build(dict(type='mmrice.TextSegmentor', classes=CLASSES, **PARTS, **kwargs)).eval()


@torch.no_grad()
def test_a_patch_is_the_box_around_it_or_its_token_through_the_projection():
    images = torch.randn(2, 3, 24, 40)
    model = make(neck=PROMPTER, image_neck=IMAGE_NECK, box_size=3)
    tokens, found = model.backbone(images)[-1], model.extract_feat(images)
    assert found.shape == (2, 16, 3, 5)
    for row, column, box in ((0, 0, [0, 0, 16, 16]), (1, 2, [8, 0, 32, 24]), (2, 4, [24, 8, 40, 24])):
        alone = model.pooling(tokens[1:], (3, 5), [torch.tensor([box]).float()])
        torch.testing.assert_close(found[1, :, row, column], F.normalize(alone, dim=1)[0], atol=1e-5, rtol=1e-5)
    plain = make(image_neck=IMAGE_NECK)
    tokens = plain.backbone(images)[-1]
    expected = F.normalize(plain.image_neck((tokens[1, 1 + 7:1 + 8], ))[-1], dim=1)[0]  # row 1, column 2
    torch.testing.assert_close(plain.extract_feat(images)[1, :, 1, 2], expected)


@torch.no_grad()
def test_logits_are_cosines_with_the_names_and_windows_agree_with_whole_images_where_they_cover_them():
    images, metas = torch.randn(1, 3, 24, 40), [dict(ori_shape=(24, 40), img_shape=(24, 40))]
    model = make(image_neck=IMAGE_NECK)
    vectors, texts = model.extract_feat(images), model.embed_texts(CLASSES)
    logits = model.encode_decode(images, metas)
    assert logits.shape == (1, 3, 24, 40) and model.out_channels == model.num_classes == 3
    expected = 100 * torch.stack([(vectors[0] * text[:, None, None]).sum(0) for text in texts])
    torch.testing.assert_close(F.adaptive_avg_pool2d(F.interpolate(expected[None], (24, 40), mode='bilinear'), (3, 5)),
                               F.adaptive_avg_pool2d(logits, (3, 5)))
    torch.testing.assert_close(model.inference(images, metas), logits)
    model.test_cfg = ConfigDict(mode='slide', crop_size=(24, 40), stride=(8, 8))
    torch.testing.assert_close(model.slide_inference(images, metas), logits)


def test_a_neck_of_a_checkpoint_becomes_the_pooling():
    model, other = make(neck=PROMPTER), make(neck=PROMPTER)
    state = {key.replace('pooling.', 'neck.'): value + 1 for key, value in model.state_dict().items()}
    other.load_state_dict(state)
    torch.testing.assert_close(other.pooling.proj.weight, model.pooling.proj.weight + 1)


def test_mistakes_are_named():
    with pytest.raises(UserError, match='box_size=3, neck=None and image_neck=None, expected'):
        make()
    with pytest.raises(UserError, match='box_size=0'):
        make(neck=PROMPTER, box_size=0)
    with pytest.raises(UserError, match='nothing to train'):
        make(neck=PROMPTER).loss(torch.zeros(1, 3, 8, 8), [])

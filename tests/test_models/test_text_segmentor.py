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
PIXEL_NECK = dict(type='mmrice.MaskPooling', in_channels=32, out_channels=16)
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
        alone = model.neck(tokens[1:], (3, 5), [torch.tensor([box]).float()])
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


@torch.no_grad()
def test_the_projection_of_masks_embeds_a_patch_as_a_mask_of_that_patch_and_goes_before_other_ways():
    images = torch.randn(2, 3, 24, 40)
    model = make(pixel_neck=PIXEL_NECK, neck=PROMPTER, image_neck=IMAGE_NECK)
    masks = torch.zeros(2, 3, 5)
    masks[0, 1, 2] = masks[1, 2, 4] = 1
    expected = F.normalize(model.pixel_neck(model.backbone(images)[-1][1:], (3, 5), [masks]), dim=1)
    found = model.extract_feat(images)[1]
    torch.testing.assert_close(torch.stack([found[:, 1, 2], found[:, 2, 4]]), expected)
    assert {name.partition('.')[0] for name in model.state_dict()} == {'backbone', 'pixel_neck', 'text_encoder'}


def test_mistakes_are_named():
    with pytest.raises(UserError, match='box_size=3 and no neck, expected a size of 1 or more and one of'):
        make()
    with pytest.raises(UserError, match='box_size=0'):
        make(neck=PROMPTER, box_size=0)
    with pytest.raises(UserError, match='nothing to train'):
        make(neck=PROMPTER).loss(torch.zeros(1, 3, 8, 8), [])

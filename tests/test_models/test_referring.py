"""Referring segmentation: expressions do not see one another, and masks land where they belong."""
import pytest
import torch
from mmengine.structures import InstanceData
from torch import nn

import mmrice  # noqa: F401  (before any host)
from mmrice.models.referring.expressions import by_image, enlarge_logits, in_a_row, mean_inside, shrink_masks
from mmrice.registry import MODELS
from mmrice.utils import UserError

pytest.importorskip('mmdet')

WIDTH = 16
COUNTS = [3, 1]
TEXTS = [['a dog at the left', 'sky', 'the second coin'], ['a dog']]


@pytest.fixture
def head():
    torch.manual_seed(0)
    head = MODELS.build(dict(type='mmrice.ReferringMaskHead', in_channels=WIDTH, text_dims=8, num_layers=2, num_heads=2,
                             ffn_dims=32))
    return head.eval()


@pytest.fixture
def inputs():
    """Maps of two images, text tokens of four expressions, which are real, and how many each image has."""
    torch.manual_seed(1)
    maps = torch.randn(2, WIDTH, 8, 12), torch.randn(2, WIDTH, 2, 3)
    lengths = torch.tensor([5, 2, 3, 4])
    return maps, torch.randn(4, 5, 8), torch.arange(5) < lengths[:, None], COUNTS


def close(one, other):
    torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_rows_of_images_and_a_row_of_expressions_are_each_others_inverse():
    values = torch.randn(4, 2, 3)
    rows = by_image(values, COUNTS)
    assert rows.shape == (2, 3, 2, 3) and torch.equal(rows[1, 0], values[3]) and not rows[1, 1:].any()
    assert torch.equal(in_a_row(rows, COUNTS), values)


@torch.no_grad()
def test_a_mask_depends_neither_on_other_expressions_nor_on_other_images(head, inputs):
    maps, text, is_text, counts = inputs
    logits = head(*inputs)
    assert logits.shape == (4, 8, 12)
    for number, image in enumerate([0, 0, 0, 1]):
        alone = head([level[image:image + 1] for level in maps], text[number:number + 1], is_text[number:number + 1],
                     [1])
        close(alone[0], logits[number])


@torch.no_grad()
def test_a_mask_depends_on_its_expression_and_its_image(head, inputs):
    maps, text, is_text, counts = inputs
    logits = head(*inputs)
    swapped = head([level.flip(0) for level in maps], text.roll(1, 0), is_text, counts)
    assert ((logits - swapped).abs().amax((1, 2)) > 1e-2).all()


@torch.no_grad()
def test_padding_of_a_text_changes_nothing(head, inputs):
    maps, text, is_text, counts = inputs
    changed = torch.where(is_text[..., None], text, torch.full_like(text, 100.))
    expected = head(*inputs)
    torch.testing.assert_close(head(maps, changed, is_text, counts), expected, atol=1e-5, rtol=1e-4)
    longer = torch.cat([text, torch.ones(4, 2, 8)], dim=1), torch.cat([is_text, torch.zeros(4, 2, dtype=bool)], dim=1)
    torch.testing.assert_close(head(maps, *longer, counts), expected, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_the_same_features_elsewhere_are_told_apart(head, inputs):
    maps, *rest = inputs
    logits = head([torch.ones_like(level) for level in maps], *rest)
    assert logits.flatten(1).std(1).min() > 1e-2


@torch.no_grad()
def test_mixed_precision_gives_about_the_same_logits_in_float32(head, inputs):
    expected = head(*inputs)
    with torch.autocast('cpu', torch.bfloat16):
        logits = head(*inputs)
    assert logits.dtype == torch.float32
    assert (logits - expected).abs().max() < 0.05 * expected.abs().max()


def test_its_losses_fall_within_a_few_steps_and_reach_every_parameter(head, inputs):
    masks = torch.zeros(4, 16, 24)
    for number, (rows, columns) in enumerate([(0, 0), (0, 12), (8, 0), (8, 12)]):
        masks[number, rows:rows + 8, columns:columns + 12] = 1
    optimizer = torch.optim.AdamW(head.train().parameters(), lr=1e-2)
    sums = []
    for _ in range(30):
        losses = head.loss(head(*inputs), masks)
        sums.append({name: float(value) for name, value in losses.items()})
        optimizer.zero_grad()
        sum(losses.values()).backward()
        assert all(parameter.grad is not None for parameter in head.parameters())
        optimizer.step()
    for name in ('loss_mask', 'loss_dice'):
        assert 0 < sums[-1][name] < 0.6 * sums[0][name]


def test_a_target_is_the_covered_part_of_each_cell():
    masks = torch.zeros(1, 4, 4)
    masks[0, :2, :2], masks[0, 2, 2] = 1, 1
    assert shrink_masks(masks, (2, 2)).tolist() == [[[1., 0.], [0., 0.25]]]


def test_masks_of_padded_and_resized_images_land_on_the_objects(head):
    from mmdet.evaluation import RefSegMetric
    from mmdet.structures.mask import BitmapMasks
    original = torch.zeros(2, 60, 100, dtype=torch.uint8)  # 60 x 100 px, as 48 x 80 in a network input of 64 x 80
    original[0, 20:50, 10:40], original[1, :30, 70:] = 1, 1
    resized = nn.functional.interpolate(original[:, None].float(), (48, 80), mode='area')[:, 0]
    logits = shrink_masks(nn.functional.pad(resized, (0, 0, 0, 16), value=1.), (16, 20)) * 10 - 5
    meta = dict(batch_input_shape=(64, 80), img_shape=(48, 80), ori_shape=(60, 100), text=['a', 'b'])
    found, = head.predict(logits, [2], [meta])
    metric = RefSegMetric()
    metric.process({}, [dict(pred_instances=found.to_dict(), gt_masks=BitmapMasks(original.numpy(), 60, 100))])
    assert metric.compute_metrics(metric.results)['mIoU'] > 95
    assert found.label_names == ['a', 'b'] and (found.scores > 0.9).all()
    assert (found.bboxes - torch.tensor([[10., 20., 40., 50.], [70., 0., 100., 30.]])).abs().max() <= 2


def test_an_empty_mask_has_score_zero():
    masks = torch.tensor([[[True, False]], [[False, False]]])
    assert mean_inside(torch.tensor([[[0.75, 0.1]], [[0.2, 0.2]]]), masks).tolist() == [0.75, 0.]


def test_logits_keep_their_place_without_padding_or_resizing():
    logits = torch.randn(2, 4, 6)
    torch.testing.assert_close(enlarge_logits(logits, (4, 6), (4, 6), (4, 6)), logits, rtol=0, atol=0)


class _Count(nn.Module):
    """A backbone that counts the images it has seen."""
    seen = 0

    def forward(self, x):
        self.seen += len(x)
        return (x[:, :, ::8, ::8], )


@pytest.fixture
def segmentor():
    torch.manual_seed(0)
    arch = dict(embed_dims=8, num_layers=1, num_heads=2, feedforward_channels=8)
    model = MODELS.build(dict(
        type='mmrice.ReferringSegmentor',
        backbone=dict(type='mmrice.RICEViT', arch=arch, patch_size=8),
        neck=dict(type='mmrice.SimpleFeaturePyramid', in_channels=3, out_channels=WIDTH, scales=(2, 1),
                  num_extra_levels=0),
        text_encoder=dict(type='mmrice.TextTransformer', arch=arch),
        mask_head=dict(type='mmrice.ReferringMaskHead', in_channels=WIDTH, text_dims=8, num_layers=1, num_heads=2,
                       ffn_dims=16)))
    model.backbone = _Count()
    return model.eval()


def samples_with(texts):
    from mmdet.structures import DetDataSample
    meta = dict(batch_input_shape=(32, 32), img_shape=(32, 32), ori_shape=(32, 32), img_path='a.jpg')
    samples = [DetDataSample(metainfo=dict(meta, text=image) if image else meta) for image in texts]
    for sample in samples:
        sample.gt_instances = InstanceData()
    return samples


@torch.no_grad()
def test_an_image_is_encoded_once_for_all_its_expressions(segmentor):
    found = segmentor.predict(torch.randn(2, 3, 32, 32), samples_with(TEXTS))
    assert segmentor.backbone.seen == 2
    assert [tuple(sample.pred_instances.masks.shape) for sample in found] == [(3, 32, 32), (1, 32, 32)]
    assert [sample.pred_instances.label_names for sample in found] == TEXTS


@torch.no_grad()
def test_texts_are_encoded_up_to_the_longest_and_too_long_ones_are_cut(segmentor):
    features, is_text = segmentor.encode_texts(TEXTS[0], torch.device('cpu'))
    assert features.shape == (3, 7, 8) and is_text.sum(1).tolist() == [7, 3, 5]
    assert segmentor.encode_texts(['dog ' * 200], torch.device('cpu'))[1].shape == (1, 77)


def test_samples_without_expressions_or_masks_are_named(segmentor):
    with pytest.raises(UserError, match=r'a.jpg: has no expressions.*meta_keys'):
        segmentor.predict(torch.randn(1, 3, 32, 32), samples_with([[]]))
    with pytest.raises(UserError, match='a.jpg: 0 masks for 1 expressions.*with_mask=True'):
        segmentor.loss(torch.randn(1, 3, 32, 32), samples_with([['a dog']]))

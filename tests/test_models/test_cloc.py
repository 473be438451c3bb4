"""CLOC end to end on random images: what each loss sees, and that it learns."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

from mmrice.registry import MODELS
from mmrice.structures import KINDS, RegionDataSample
from mmrice.utils import UserError

pytest.importorskip('mmpretrain')

TEXT, START, END = KINDS.index('text'), 8, 9
CONFIG = dict(
    type='mmrice.CLOC',
    data_preprocessor=dict(mean=[127.] * 3, std=[60.] * 3, pad_size_divisor=8),
    backbone=dict(
        type='mmrice.RICEViT',
        arch=dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=64),
        patch_size=8,
        out_type='raw'),
    neck=dict(type='mmrice.Prompter', in_channels=32, out_channels=16, patch_size=8),
    image_neck=dict(type='LinearNeck', in_channels=32, out_channels=16, norm_cfg=None),
    text_encoder=dict(
        type='mmrice.TextTransformer',
        arch=dict(embed_dims=32, num_layers=1, num_heads=2, feedforward_channels=64),
        vocab_size=10,
        num_tokens=6,
        out_dims=16),
    head=dict(type='mmrice.RegionTextHead'))


def tokens(*texts):
    longest = max((len(text) for text in texts), default=-2) + 2
    return np.array([[START, *text, END] + [0] * (longest - 2 - len(text)) for text in texts],
                    np.int32).reshape(len(texts), longest)


def sample(boxes, texts, caption, kinds=None):
    data_sample = RegionDataSample(metainfo=dict(
        text_tokens=tokens(*texts), caption_tokens=tokens(caption)[0] if caption else np.zeros(0, np.int32)))
    kinds = [TEXT] * len(boxes) if kinds is None else kinds
    data_sample.gt_regions = InstanceData(
        bboxes=torch.tensor(boxes).float().view(-1, 4), kinds=torch.tensor(kinds, dtype=torch.int64),
        labels=torch.zeros(len(boxes), 0, dtype=torch.int64))
    return data_sample


def build(**changes):
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return MODELS.build({**CONFIG, **changes})


@pytest.fixture
def batch():
    """Three images: one with an object between two regions with words, one with a caption alone, one with a region."""
    torch.manual_seed(1)
    return dict(
        inputs=[torch.randint(0, 255, (3, 32, 48), dtype=torch.uint8) for _ in range(3)],
        data_samples=[
            sample([[0, 0, 20, 20], [1, 1, 9, 9], [16, 8, 48, 32]], [[1], [2, 3]], [1, 2, 3], [TEXT, 0, TEXT]),
            sample([], [], [4]), sample([[4, 4, 30, 32]], [[5, 6]], [])])


def run(model, batch):
    return model(**model.data_preprocessor(batch, training=True), mode='loss')


def test_losses_are_those_of_the_captions_texts_and_boxes_at_hand(batch):
    model = build(head=dict(type='mmrice.RegionTextHead', text_filter=None))  # untrained texts are all alike
    inputs = model.data_preprocessor(batch, training=True)['inputs']
    seen = model.backbone(inputs)[-1]
    texts = [torch.tensor(text)[None] for text in ([8, 1, 9], [8, 2, 3, 9], [8, 5, 6, 9])]
    texts = torch.cat([model.text_encoder(text)[1] for text in texts])
    boxes = [[[0., 0., 20., 20.], [16., 8., 48., 32.]], [], [[4., 4., 30., 32.]]]
    regions = model.neck(seen, (4, 6), [torch.tensor(own).view(-1, 4) for own in boxes])
    logits = F.normalize(regions, dim=1) @ F.normalize(texts, dim=1).T / 0.07
    target = torch.arange(3)
    expected = 2 / 3 * (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
    found = model.neck.ground(seen, (4, 6), [texts[:2], texts[:0], texts[2:]])
    wanted = torch.tensor([own for image in boxes for own in image]) / torch.tensor([48, 32, 48, 32])
    losses = run(model, batch)
    torch.testing.assert_close(losses['loss_region_text'], expected)
    torch.testing.assert_close(losses['loss_grounding'], 2 / 3 * F.mse_loss(found, wanted))
    images = F.normalize(model.image_neck((seen[:2, 0], ))[-1], dim=1)
    captions = torch.cat([model.text_encoder(torch.tensor(ids)[None])[1] for ids in ([8, 1, 2, 3, 9], [8, 4, 9])])
    logits = images @ F.normalize(captions, dim=1).T / 0.07
    expected = (F.cross_entropy(logits, target[:2]) + F.cross_entropy(logits.T, target[:2])) / 2
    torch.testing.assert_close(losses['loss_image_text'], expected)


def test_every_parameter_learns_and_the_loss_falls(batch):
    model = build(head=dict(type='mmrice.RegionTextHead', share_temperature=False))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    history = []
    for _ in range(40):
        losses, _ = model.parse_losses(run(model, batch))
        optimizer.zero_grad()
        losses.backward()
        optimizer.step()
        history.append(losses.item())
    assert history[-1] < history[0] / 4
    assert not [name for name, parameter in model.named_parameters() if parameter.grad is None]


@pytest.mark.parametrize('neck', [
    dict(type='mmrice.RoIAlignPooling', in_channels=32, out_channels=16, patch_size=8),
    dict(type='mmrice.RegionTransformer', in_channels=32, out_channels=16, num_heads=2, patch_size=8)],
    ids=['RoIAlign', 'RegionTransformer'])
def test_other_poolings_take_the_place_of_the_prompter(neck, batch):
    head = dict(type='mmrice.RegionTextHead', grounding_weight=0., text_filter=None)
    losses = run(build(neck=neck, head=head), batch)
    assert losses['loss_region_text'] > 0 and 'loss_grounding' not in losses


@pytest.mark.parametrize(('wrapper', 'trained'), [
    (dict(type='mmrice.FrozenBackbone'), []),
    (dict(type='mmrice.AdaptedBackbone', tunings=[dict(type='mmrice.LoRA', rank=2)]), ['tunings'])],
    ids=['frozen', 'LoRA'])
def test_a_prompter_is_trained_on_a_frozen_encoder_and_beside_one_that_is_tuned(wrapper, trained, batch):
    model = build(backbone={**wrapper, 'backbone': CONFIG['backbone']})
    model.parse_losses(run(model, batch))[0].backward()
    found = {name.split('.')[1] for name, parameter in model.named_parameters()
             if name.startswith('backbone.') and parameter.grad is not None}
    assert sorted(found) == trained
    assert all(parameter.grad is not None for parameter in model.neck.parameters())


def test_without_regions_it_is_clip(batch):
    model = build(neck=None, head=dict(type='mmrice.RegionTextHead', region_weight=0.))
    losses = run(model, batch)
    assert [name for name in losses if name.startswith('loss')] == ['loss_image_text']
    whole = build()
    model.load_state_dict(whole.state_dict(), strict=False)
    torch.testing.assert_close(run(model, batch)['loss_image_text'], run(whole, batch)['loss_image_text'])


def test_batches_without_captions_or_without_regions_train(batch):
    model = build()
    for samples, zero in (([sample([], [], [4])] * 3, 'loss_region_text'),
                          ([sample([[0, 0, 9, 9]], [[1]], [])] * 3, 'loss_image_text')):
        losses = run(model, dict(batch, data_samples=samples))
        assert losses[zero] == 0
        model.zero_grad()
        model.parse_losses(losses)[0].backward()
        assert all(parameter.grad is not None for parameter in model.parameters())


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(neck=None), 'model.neck and model.head.region_weight belong together'),
    (dict(head=dict(type='mmrice.RegionTextHead', grounding_weight=0.)), 'but the neck has grounding'),
    (dict(neck=dict(type='mmrice.RoIAlignPooling', in_channels=32, out_channels=16, patch_size=8)),
     'but the neck has no grounding'),
])
def test_weights_without_their_part_are_an_error(changes, message):
    with pytest.raises(UserError, match=message):
        build(**changes)

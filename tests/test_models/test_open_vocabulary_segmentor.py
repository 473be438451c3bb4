"""OpenVocabularySegmentor: trained on some names, asked for others, its encoders as they were."""
from copy import deepcopy

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import DefaultScope
from mmengine.structures import PixelData

import mmrice  # noqa: F401 before a host
from mmrice.registry import MODELS
from mmrice.testing.tiny_region_text import DIMS, parts

pytest.importorskip('mmseg')
SEEN, UNSEEN = ['sky', 'a dog', 'grass'], ['cat', 'road', 'sea', 'tree', 'car']
ENCODERS = ('backbone.', 'text_encoder.', 'pixel_neck.')


def make(wrapper='FrozenBackbone', **kwargs):
    torch.manual_seed(0)
    own = parts('backbone', 'text_encoder')
    own['backbone'].update(arch=dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=32),
                           out_indices=[0, 1])
    config = dict(
        type='mmrice.OpenVocabularySegmentor', text_encoder=own['text_encoder'],
        backbone=dict(type=f'mmrice.{wrapper}', backbone=own['backbone'], **kwargs),
        pixel_neck=dict(type='mmrice.MaskPooling', in_channels=32, out_channels=DIMS),
        decode_head=dict(type='mmrice.CostAggregationHead', in_channels=DIMS, guide_channels=[32], up_dims=[8],
                         embed_dims=16, num_heads=2, guide_dims=4))
    with DefaultScope.overwrite_default_scope('mmseg'):
        model = MODELS.build(config)
    torch.nn.init.normal_(model.decode_head.predictor.weight, std=0.1)  # else the first step reaches it alone
    return model


@pytest.fixture(scope='module')
def trained():
    """A model after a step on three classes, its state before, and the gradients of the step."""
    from mmseg.structures import SegDataSample
    model = make()
    model.set_classes(SEEN)
    before = deepcopy(model.state_dict())
    samples = [SegDataSample(gt_sem_seg=PixelData(data=torch.randint(0, 3, (1, 24, 32)))) for _ in range(2)]
    optimizer = OptimWrapper(torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1))
    model.train()
    losses = model.loss(torch.randn(2, 3, 24, 32), samples)
    model.parse_losses(losses)[0].backward()
    gradients = {name: value.grad for name, value in model.named_parameters()}
    optimizer.step()
    return model, before, gradients


def test_a_step_reaches_every_parameter_of_the_head_and_changes_no_bit_of_the_encoders(trained):
    model, before, gradients = trained
    for name, value in model.named_parameters():
        if name.startswith(ENCODERS):
            assert gradients[name] is None and torch.equal(value, before[name]), name
        else:
            assert gradients[name] is not None, name  # else distributed training would wait for it
            assert gradients[name].any() or name == 'decode_head.predictor.bias', name  # which softmax does not see
    assert not any(module.training for name, module in model.named_modules() if name.startswith(ENCODERS[1:]))
    assert not model.backbone.backbone.training and model.decode_head.training


@torch.no_grad()
def test_a_trained_model_is_asked_for_any_names_in_any_order(trained):
    model, images = trained[0].eval(), torch.randn(1, 3, 32, 40)
    metas, shapes = [dict(img_shape=(32, 40), ori_shape=(32, 40))], {}
    for names in (SEEN, UNSEEN, UNSEEN[::-1]):
        model.set_classes(names)
        shapes[tuple(names)] = model.inference(images, metas)
        assert shapes[tuple(names)].shape == (1, len(names), 32, 40) and model.out_channels == len(names)
    torch.testing.assert_close(shapes[tuple(UNSEEN[::-1])], shapes[tuple(UNSEEN)].flip(1), atol=1e-4, rtol=1e-4)
    assert model.predict(images)[0].pred_sem_seg.data.max() < 5


@torch.no_grad()
def test_logits_of_windows_are_the_mean_over_those_that_show_a_pixel(trained, monkeypatch):
    from mmengine.config import ConfigDict
    model, images = trained[0].eval(), torch.randn(1, 3, 32, 40)
    model.set_classes(UNSEEN)
    total, count = torch.zeros(1, len(UNSEEN), 32, 40), torch.zeros(32, 40)
    for y, x in ((0, 0), (0, 16), (8, 0), (8, 16)):
        window = slice(y, y + 24), slice(x, x + 24)
        total[..., window[0], window[1]] += model.inference(
            images[..., window[0], window[1]], [dict(img_shape=(24, 24), ori_shape=(24, 24))])
        count[window] += 1
    metas = [dict(img_shape=(32, 40), ori_shape=(32, 40))]
    whole = model.inference(images, metas)
    monkeypatch.setattr(model, 'test_cfg', ConfigDict(mode='slide', crop_size=(24, 24), stride=(16, 16)))
    found = model.inference(images, metas)
    torch.testing.assert_close(found, total / count, atol=1e-4, rtol=1e-4)
    assert (found - whole).abs().max() > 1e-2


def test_vectors_of_classes_are_made_once_and_again_for_other_names_and_other_weights(monkeypatch):
    model = make()
    model.set_classes(SEEN)
    asked, embed = [], model.embed_texts
    monkeypatch.setattr(model, 'embed_texts', lambda texts: asked.append(len(texts)) or embed(texts))
    for mode in (True, False, True):
        model.train(mode)
        vectors = model.class_vectors()
    assert asked == [3] and not vectors.requires_grad
    model.set_classes(UNSEEN)
    model.class_vectors()
    state = {name: value * 2 if name.startswith('text_encoder') else value for name, value in
             model.state_dict().items()}
    model.load_state_dict(state)
    model.class_vectors()
    assert asked == [3, 5, 5]


def test_an_encoder_that_is_tuned_gets_gradients_through_what_is_fixed():
    model = make('AdaptedBackbone', tunings=[dict(type='mmrice.LoRA', rank=2)])
    model.set_classes(SEEN)
    model.train()._forward(torch.randn(1, 3, 24, 32)).square().mean().backward()
    tuned = {name for name, value in model.backbone.named_parameters() if value.grad is not None}
    assert tuned == {name for name, value in model.backbone.named_parameters() if value.requires_grad} != set()
    assert all(value.grad is None for part in model._fixed() for value in part.parameters())

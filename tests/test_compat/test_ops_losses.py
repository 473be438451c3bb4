import pytest
import torch
from naive_ops import needs_stand_in

import mmrice  # noqa: F401

pytestmark = needs_stand_in

TARGET = torch.tensor([0, 3, 2, 4, 1])  # 4 is background where there are 4 classes
WEIGHT = torch.tensor([0.5, 1.0, 2.0, 3.0], dtype=torch.float64)


def scores(scale=3.0):
    return torch.randn(5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * scale


@pytest.mark.parametrize('gamma', [0.0, 1.5, 2.0])
def test_sigmoid_focal_loss_is_its_formula(gamma):
    from mmcv.ops import sigmoid_focal_loss
    right = torch.nn.functional.one_hot(TARGET, 5)[:, :4].bool()
    p = torch.where(right, scores().sigmoid(), 1 - scores().sigmoid())
    expected = -torch.where(right, 0.25, 0.75) * (1 - p)**gamma * p.log()
    torch.testing.assert_close(sigmoid_focal_loss(scores(), TARGET, gamma, 0.25, None, 'none'), expected)
    torch.testing.assert_close(sigmoid_focal_loss(scores(), TARGET, gamma, 0.25, None, 'sum'), expected.sum())
    torch.testing.assert_close(sigmoid_focal_loss(scores(), TARGET, gamma, 0.25), expected.sum() / 5)


def test_sigmoid_focal_loss_weighs_the_rows_by_their_class():
    from mmcv.ops import sigmoid_focal_loss
    plain = sigmoid_focal_loss(scores(), TARGET, 2.0, 0.25, None, 'none')
    rows = torch.tensor([0.5, 3.0, 2.0, 1.0, 1.0], dtype=torch.float64)[:, None]
    torch.testing.assert_close(sigmoid_focal_loss(scores(), TARGET, 2.0, 0.25, WEIGHT, 'none'), plain * rows)


def test_sigmoid_focal_loss_has_the_gradient_of_finite_differences():
    from mmcv.ops import sigmoid_focal_loss
    inputs = scores().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: sigmoid_focal_loss(x, TARGET, 2.0, 0.25, WEIGHT, 'mean'), inputs)


def test_sigmoid_focal_loss_stays_finite_for_extreme_scores():
    from mmcv.ops import sigmoid_focal_loss
    inputs = (scores(200.0).float()).requires_grad_()
    loss = sigmoid_focal_loss(inputs, TARGET)
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(inputs.grad).all()


def test_softmax_focal_loss_is_its_formula():
    from mmcv.ops import softmax_focal_loss
    target = TARGET.clamp(max=3)
    p = scores().softmax(1).gather(1, target[:, None])[:, 0]
    expected = -0.25 * (1 - p)**2 * p.log() * WEIGHT[target]
    torch.testing.assert_close(softmax_focal_loss(scores(), target, 2.0, 0.25, WEIGHT, 'none'), expected)


def test_softmax_focal_loss_has_the_gradient_of_finite_differences():
    from mmcv.ops import softmax_focal_loss
    inputs, target = scores().requires_grad_(), TARGET.clamp(max=3)
    assert torch.autograd.gradcheck(lambda x: softmax_focal_loss(x, target, 2.0, 0.25, WEIGHT, 'sum'), inputs)


def test_softmax_focal_loss_ignores_rows_without_a_class():
    from mmcv.ops import softmax_focal_loss
    target = TARGET.clone()
    target[0] = -1
    inputs = scores().requires_grad_()
    loss = softmax_focal_loss(inputs, target, 2.0, 0.25, None, 'none')
    assert loss.tolist()[0] == 0 and loss.tolist()[3] == 0 and (loss[[1, 2, 4]] > 0).all()
    softmax_focal_loss(inputs, target, 2.0, 0.25, None, 'sum').backward()
    assert (inputs.grad[[0, 3]] == 0).all() and (inputs.grad[1] != 0).any()


def test_focal_losses_in_bfloat16_are_the_float32_result_rounded_once():
    from mmcv.ops import sigmoid_focal_loss
    half = scores().bfloat16()
    expected = sigmoid_focal_loss(half.float(), TARGET, 2.0, 0.25, None, 'none').bfloat16()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        result = sigmoid_focal_loss(half, TARGET, 2.0, 0.25, None, 'none')
    torch.testing.assert_close(result, expected, rtol=0, atol=0)

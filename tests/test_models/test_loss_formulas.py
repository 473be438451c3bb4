"""Margin and softmax losses against float64 loops and finite differences."""
import math

import pytest
import torch

from mmrice.models.losses import combined_margin, multi_label_cross_entropy, single_label_cross_entropy


@pytest.mark.parametrize('margin', [dict(m3=0.3), dict(m2=0.3), dict(m1=1.2, m2=0.1, m3=0.2), {}])
def test_margin_is_the_formula_and_its_gradient_the_derivative(margin):
    cosine = torch.linspace(-0.9, 0.99, 12, dtype=torch.float64, requires_grad=True)
    m1, m2, m3 = margin.get('m1', 1), margin.get('m2', 0), margin.get('m3', 0)
    expected = [math.cos(m1 * math.acos(c) + m2) - m3 for c in cosine.tolist()]
    torch.testing.assert_close(combined_margin(cosine, **margin), torch.tensor(expected, dtype=torch.float64))
    assert torch.autograd.gradcheck(lambda c: combined_margin(c, **margin), cosine)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_an_angular_margin_is_finite_at_cosine_one_and_minus_one(dtype):
    cosine = torch.tensor([1., -1.], dtype=dtype, requires_grad=True)
    combined_margin(cosine, m2=0.3).sum().backward()
    assert torch.isfinite(cosine.grad).all()


def test_single_label_is_torchs_cross_entropy_over_own_and_negatives():
    logits = torch.randn(6, 9, dtype=torch.float64)
    expected = torch.nn.functional.cross_entropy(logits, torch.zeros(6, dtype=torch.long), reduction='none')
    torch.testing.assert_close(single_label_cross_entropy(logits[:, 0], logits[:, 1:].logsumexp(1)), expected)


def test_multi_label_is_the_mean_over_labels_and_ignores_padding():
    pos, neg = torch.randn(4, 3, dtype=torch.float64), torch.randn(4, dtype=torch.float64)
    is_pos = torch.tensor([[1, 1, 1], [1, 0, 0], [0, 1, 1], [0, 0, 0]]).bool()
    losses = multi_label_cross_entropy(pos, is_pos, neg)
    for loss, row, mask, negative in zip(losses, pos, is_pos, neg):
        terms = [-math.log(math.exp(p) / (math.exp(p) + math.exp(negative))) for p in row[mask].tolist()]
        assert loss.item() == pytest.approx(sum(terms) / max(1, len(terms)))


def test_losses_without_negatives_or_with_huge_logits_are_finite():
    pos = torch.tensor([64., -64.], requires_grad=True)
    for neg in (torch.tensor([-torch.inf, -torch.inf]), torch.tensor([80., 80.])):
        loss = single_label_cross_entropy(pos, neg)
        loss.sum().backward()
        assert torch.isfinite(loss).all() and torch.isfinite(pos.grad).all()

"""The head against a float64 loop over the paper's formulas."""
import math

import pytest
import torch

from mmrice.models import ClusterDiscriminationHead
from mmrice.models.losses import multi_label_loss, single_label_loss
from mmrice.utils import UserError


def reference(embedding, centers, positives, negatives, scale, margin):
    """Loss of one region by the paper's two equations, in float64."""
    cosine = torch.nn.functional.cosine_similarity(embedding[None].double(), centers.double())
    pos = sum(math.exp(-scale * (cosine[i].item() - margin)) for i in positives)
    neg = sum(math.exp(scale * cosine[j].item()) for j in negatives)
    return math.log1p(pos) + math.log1p(neg)


@pytest.fixture
def head():
    torch.manual_seed(0)
    return ClusterDiscriminationHead(
        8, dict(num_classes=11), dict(num_classes=7, loss_weight=0.5), scale=5., sample_ratio=1.)


def test_losses_equal_the_papers_formulas(head):
    embeddings = torch.randn(5, 8)
    kinds = torch.tensor([0, 1, 0, 1, 1])
    labels = torch.tensor([[3, -1, -1], [0, 6, 2], [10, -1, -1], [4, -1, -1], [1, 5, -1]])
    losses = head.loss(embeddings, kinds, labels)
    expected = {'object': [], 'ocr': []}
    for embedding, kind, row in zip(embeddings, kinds, labels):
        name = ('object', 'ocr')[kind]
        centers = head.centers[name].weight.detach()
        positives = row[row >= 0].tolist()
        negatives = set(range(len(centers))) - set(positives)
        expected[name].append(reference(embedding, centers, positives, negatives, 5., 0.3))
    assert losses['loss_object'].item() == pytest.approx(sum(expected['object']) / 2, rel=1e-5)
    assert losses['loss_ocr'].item() == pytest.approx(0.5 * sum(expected['ocr']) / 3, rel=1e-5)


def test_one_label_is_the_case_of_a_set_with_one():
    pos, neg = torch.randn(6), torch.randn(6)
    torch.testing.assert_close(multi_label_loss(pos[:, None], torch.ones(6, 1, dtype=torch.bool), neg),
                               single_label_loss(pos, neg))


def test_gradients_are_exact_and_padding_gets_none():
    pos = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    neg = torch.randn(4, dtype=torch.float64, requires_grad=True)
    is_pos = torch.tensor([[1, 1, 1], [1, 0, 0], [1, 1, 0], [1, 0, 1]]).bool()
    assert torch.autograd.gradcheck(lambda p, n: multi_label_loss(p, is_pos, n), (pos, neg))
    multi_label_loss(pos, is_pos, neg).sum().backward()
    assert not pos.grad[~is_pos].any() and pos.grad[is_pos].all()


def test_extreme_cosines_and_missing_negatives_stay_finite():
    head = ClusterDiscriminationHead(4, dict(num_classes=1), dict(num_classes=2), sample_ratio=1.)
    embeddings = torch.cat([head.centers['object'].weight, -head.centers['ocr'].weight]).detach().requires_grad_()
    losses = head.loss(embeddings, torch.tensor([0, 1, 1]), torch.tensor([[0, -1], [0, -1], [0, 1]]))
    (losses['loss_object'] + losses['loss_ocr']).backward()
    assert embeddings.grad.isfinite().all()
    assert head.centers['ocr'].weight.grad.isfinite().all()
    assert losses['loss_object'].item() < 1e-6  # the positive is met and there is no negative
    assert losses['num_negatives_object'] == 0 and losses['accuracy_object'] == 100


def test_statistics_count_what_they_say(head):
    centers = head.centers['object'].weight.detach()
    embeddings = torch.stack([centers[2], centers[3], -centers[4]])
    outputs = head.loss(embeddings, torch.zeros(3, dtype=torch.long), torch.tensor([[2], [3], [4]]))
    assert outputs['accuracy_object'].item() == pytest.approx(100 * 2 / 3, rel=1e-5)
    assert outputs['pos_cosine_object'].item() == pytest.approx(1 / 3, abs=1e-5)
    assert outputs['num_negatives_object'] == 10 and outputs['num_positives_object'] == 1
    first, second, third = torch.nn.functional.normalize(embeddings, dim=1)
    expected = (first @ second + first @ third + second @ third) / 3
    assert outputs['batch_cosine_object'].item() == pytest.approx(expected.item(), abs=1e-5)


@pytest.mark.parametrize('number', [1, 2, 50])
def test_collapsed_embeddings_show_in_the_log(head, number):
    kinds, labels = torch.zeros(number, dtype=torch.long), torch.arange(number)[:, None] % 5
    outputs = head.loss(torch.randn(1, 8).expand(number, 8) * torch.rand(number, 1), kinds, labels)
    assert outputs.get('batch_cosine_object') == (None if number == 1 else pytest.approx(1., abs=1e-4))


def test_a_kind_without_regions_has_zero_loss_and_zero_gradients(head):
    losses = head.loss(torch.randn(2, 8), torch.zeros(2, dtype=torch.long), torch.tensor([[1], [2]]))
    assert losses['loss_ocr'] == 0 and 'accuracy_ocr' not in losses
    (losses['loss_object'] + losses['loss_ocr']).backward()
    assert not head.centers['ocr'].weight.grad.any()


@pytest.mark.parametrize('arguments, message', [
    ({}, 'give object'),
    (dict(object=dict(num_classes=0)), 'num_classes=0 must be positive'),
    (dict(object=dict(num_classes=5, sample_ratio=0.)), r'sample_ratio=0.0 must lie in \(0, 1\]'),
    (dict(object=dict(num_classes=5), loss='focal'), "loss='focal' is none of rice, softmax"),
    (dict(object=dict(num_classes=5), margin=dict(m=1)), 'expected m1, m2, m3'),
])
def test_a_wrong_argument_is_named(arguments, message):
    with pytest.raises(UserError, match=message):
        ClusterDiscriminationHead(4, **arguments)

"""ClassCenters in one process: which negatives are drawn, what gets a gradient, which labels are refused."""
import pytest
import torch
import torch.nn.functional as F

from mmrice.models import ClassCenters
from mmrice.models.heads import sampling
from mmrice.utils import UserError


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(sampling, 'CHUNK', 16)


def test_drawn_classes_number_rho_k_are_distinct_and_uniform(small_chunks):
    seen = torch.zeros(40)
    for step in range(400):
        drawn = sampling.draw_classes(40, 10, step, 0, 40)
        assert len(drawn) == len(drawn.unique()) == 10 and torch.equal(drawn, drawn.sort().values)
        seen[drawn] += 1
    assert seen.min() > 65 and seen.max() < 140  # 100 expected


@pytest.mark.parametrize('world_size', [2, 3, 7])
def test_draws_and_initial_values_do_not_depend_on_the_number_of_ranks(small_chunks, world_size):
    bounds = [45 * rank // world_size for rank in range(world_size + 1)]
    parts = [sampling.draw_classes(45, 13, 5, start, stop) for start, stop in zip(bounds, bounds[1:])]
    assert torch.equal(torch.cat(parts), sampling.draw_classes(45, 13, 5, 0, 45))
    tables = [torch.empty(stop - start, 3) for start, stop in zip(bounds, bounds[1:])]
    for table, start in zip(tables, bounds):
        sampling.init_centers(table, 45, 8, start)
    whole = torch.empty(45, 3)
    sampling.init_centers(whole, 45, 8, 0)
    assert torch.equal(torch.cat(tables), whole)


def test_negatives_never_hold_a_regions_own_label():
    centers = ClassCenters(40, 4, sample_ratio=0.25, scale=1.)
    embeddings, labels = torch.randn(40, 4), torch.arange(40)[:, None]
    drawn = centers._draw()
    result = centers(embeddings, labels)
    own = torch.isin(labels[:, 0], drawn)
    assert torch.equal(result.num_negatives, 10. - own.float())
    cosine = F.normalize(embeddings, dim=1) @ F.normalize(centers.weight, dim=1)[drawn].t()
    cosine = cosine.masked_fill(labels == drawn, -torch.inf)
    torch.testing.assert_close(result.neg_logsumexp, cosine.logsumexp(1))
    torch.testing.assert_close(result.neg_max_cosine, cosine.amax(1))


def test_draws_depend_on_the_step_alone_and_resume_with_the_state():
    first, second = (ClassCenters(100, 4, sample_ratio=0.1) for _ in range(2))
    draws = []
    for _ in range(3):
        draws.append(first._draw())
        first(torch.randn(2, 4), torch.tensor([[1], [2]]))
    assert not torch.equal(draws[0], draws[1])
    second.load_state_dict(first.state_dict())
    assert torch.equal(second._draw(), first._draw())
    torch.rand(7)
    assert torch.equal(second._draw(), first._draw())
    second.eval()(torch.randn(2, 4), torch.tensor([[1], [2]]))
    assert torch.equal(second._draw(), first._draw())


def test_each_subset_serves_its_own_regions():
    torch.manual_seed(0)
    centers = ClassCenters(60, 4, sample_ratio=0.2, num_subsets=3, scale=2.)
    embeddings, labels = torch.randn(7, 4), torch.randint(0, 60, (7, 1))
    draws = [centers._draw(subset) for subset in range(3)]
    assert not torch.equal(draws[0], draws[1])
    result = centers(embeddings, labels)
    for region in range(7):
        drawn = draws[region % 3]
        drawn = drawn[drawn != labels[region]]
        logits = 2 * F.cosine_similarity(embeddings[region][None], centers.weight[drawn])
        torch.testing.assert_close(result.neg_logsumexp[region], logits.logsumexp(0))
        assert result.num_negatives[region] == len(drawn)
    (result.neg_logsumexp.sum() + result.pos_cosine.sum()).backward()
    touched = set(torch.cat(draws).tolist()) | set(labels[:, 0].tolist())
    assert set(centers.weight.grad.coalesce().indices()[0].tolist()) == touched


def test_exp_of_the_corrected_value_is_unbiased():
    torch.manual_seed(0)
    sampled = ClassCenters(50, 3, sample_ratio=0.2, scale=2., correct_sampling=True)
    dense = ClassCenters(50, 3, scale=2.)
    dense.load_state_dict(sampled.state_dict())
    embeddings, labels = torch.randn(4, 3), torch.tensor([[1], [2], [3], [4]])
    with torch.no_grad():
        expected = dense(embeddings, labels).neg_logsumexp.exp()
        draws = torch.stack([sampled(embeddings, labels).neg_logsumexp.exp() for _ in range(2000)])
    error = draws.std(0) / 2000**0.5
    assert ((draws.mean(0) - expected).abs() < 4 * error).all()
    assert (draws.mean(0).log() - draws.log().mean(0) > 0).all()  # the logarithm is biased downwards


def test_gradients_are_dense_when_all_classes_are_used_and_sparse_otherwise():
    for ratio, is_sparse in ((1., False), (0.5, True)):
        centers = ClassCenters(20, 4, sample_ratio=ratio)
        result = centers(torch.randn(3, 4), torch.tensor([[1], [2], [3]]))
        (result.neg_logsumexp.sum() + result.pos_cosine.sum()).backward()
        assert centers.weight.grad.is_sparse == is_sparse


def test_a_repeated_label_counts_once_and_an_empty_set_has_no_positive():
    centers = ClassCenters(20, 4)
    embeddings = torch.randn(1, 4)
    once, twice = (centers(embeddings, torch.tensor([row])) for row in ([5, 7, -1], [7, 5, 7]))
    assert once.is_pos.sum() == twice.is_pos.sum() == 2
    torch.testing.assert_close(once.pos_cosine[once.is_pos].sort().values, twice.pos_cosine[twice.is_pos].sort().values)
    torch.testing.assert_close(once.neg_logsumexp, twice.neg_logsumexp)
    empty = centers(embeddings, torch.tensor([[-1, -1]]))
    assert not empty.is_pos.any() and empty.num_negatives == 20


@pytest.mark.parametrize('labels, single, message', [
    ([[3], [20]], False, 'region 1 of rank 0 has label 20. Expected 0 to 19'),
    ([[3], [-2]], False, 'region 1 of rank 0 has label -2'),
    ([[3.], [4.]], False, 'region 0 of rank 0: labels are floating-point numbers. Expected int64'),
    ([3, 4], False, 'labels are not of shape'),
    ([[3]], False, 'as many as there are embeddings'),
    ([[], []], True, 'region 0 of rank 0 has several labels or none'),
    ([[3], [-1]], True, 'region 1 of rank 0 has several labels or none'),
    ([[3, 4], [5, -1]], True, 'region 0 of rank 0 has several labels or none'),
])
def test_a_wrong_label_is_named(labels, single, message):
    centers = ClassCenters(20, 4, single_label=single)
    with pytest.raises(UserError, match=message):
        centers(torch.randn(2, 4), torch.tensor(labels, dtype=None if labels[0] else torch.int64))

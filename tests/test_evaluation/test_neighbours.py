"""The kNN probe against float64 and a plain loop."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmrice.evaluation.neighbours import nearest, vote

K, CLASSES, T = 7, 5, 0.07


@pytest.fixture(scope='module')
def data():
    torch.manual_seed(0)
    queries, bank = (F.normalize(torch.randn(count, 16), dim=1) for count in (11, 60))
    return queries, bank, torch.randint(CLASSES, (60, ))


def by_hand(queries, bank, labels, k):
    """DINO's formula in float64: sums of exp(cosine / T) over the k nearest, as shares."""
    cosines = queries.numpy().astype(np.float64) @ bank.numpy().astype(np.float64).T
    scores = np.zeros((len(queries), CLASSES))
    for query, row in enumerate(cosines):
        for place in np.argsort(-row)[:k]:
            scores[query, labels[place]] += np.exp(row[place] / T)
    return scores / scores.sum(1, keepdims=True)


@pytest.mark.parametrize('block', [1, 7, 13, 60, 1000])
def test_scores_are_those_of_the_formula_whatever_the_block(data, block):
    queries, bank, labels = data
    cosines, rows = nearest(queries, bank, K, block=block)
    scores = vote(cosines, labels[rows], CLASSES, T)
    np.testing.assert_allclose(scores, by_hand(queries, bank, labels, K), rtol=1e-4, atol=1e-7)
    assert (cosines[:, :-1] >= cosines[:, 1:]).all()
    torch.testing.assert_close(cosines, (queries[:, None] * bank[rows]).sum(2), rtol=1e-5, atol=1e-6)


def test_a_bank_in_half_precision_is_compared_in_single_precision(data):
    queries, bank, labels = data
    half = bank.half()
    cosines, rows = nearest(queries, half, K, block=8)
    assert cosines.dtype == torch.float32
    np.testing.assert_allclose(vote(cosines, labels[rows], CLASSES, T), by_hand(queries, half, labels, K), rtol=1e-4,
                               atol=1e-7)


def test_an_excluded_row_is_not_found(data):
    _, bank, _ = data
    rows = nearest(bank, bank, 2, block=16)[1]
    assert torch.equal(rows[:, 0], torch.arange(60))
    left, others = nearest(bank, bank, 1, excluded_Q=torch.arange(60), block=16)
    assert torch.equal(others[:, 0], rows[:, 1]) and left.isfinite().all()


def test_a_small_bank_votes_as_a_whole_and_nothing_overflows(data):
    queries, bank, labels = data
    cosines, rows = nearest(queries, bank[:3], 20)
    assert rows.sort().values.tolist() == [[0, 1, 2]] * 11
    scores = vote(cosines, labels[rows], CLASSES, temperature=1e-3)
    assert scores.isfinite().all()
    torch.testing.assert_close(scores.sum(1), torch.ones(11))
    assert torch.equal(scores.argmax(1), labels[rows[:, 0]])

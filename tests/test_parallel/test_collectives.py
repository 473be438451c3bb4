"""Collectives with gradients equal what one process computes, for ranks with different numbers of rows and none."""
import pytest
import torch
from nccl_paths import take_nccl_paths

from mmrice.parallel import all_gather_numbers, gather_rows, rows_of, sum_parts
from mmrice.testing.distributed import run_ranks

COUNTS = {2: (3, 0), 3: (2, 0, 4)}


def table(*shape, seed):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def gathered(rank, world_size, counts):
    rows = rows_of(counts)
    own = table(rows.total, 2, 3, seed=0)[rows.own].requires_grad_()
    result = gather_rows(own, rows)
    (result * table(rows.total, 2, 3, seed=1 + rank)).sum().backward()
    return rows.own, result.detach(), own.grad


def scores_of(rank, total):
    """Of all rows over a rank's part of a table: the first row has none on rank 0, the last none on any rank."""
    scores = 5 * table(total, 2 + rank, seed=10 + rank)
    scores[-1] = -torch.inf
    if rank == 0:
        scores[0] = -torch.inf
    return scores


def summed(rank, world_size, counts):
    rows = rows_of(counts)
    scores, sums = scores_of(rank, rows.total), table(rows.total, 2, seed=20 + rank).requires_grad_()
    logsumexp = scores.logsumexp(1).requires_grad_()
    results = sum_parts(sums, logsumexp, scores.amax(1), rows)
    upstream = [table(rows.total, 2, seed=30), table(rows.total, seed=31)]
    torch.autograd.backward(results[:2], [part[rows.own] for part in upstream])
    return [result.detach() for result in results], sums.grad, logsumexp.grad, results[2].requires_grad


def work(rank, world_size):
    found = dict(numbers=all_gather_numbers([rank, 7], torch.device('cpu')),
                 gathered=gathered(rank, world_size, COUNTS[world_size]),
                 empty=gathered(rank, world_size, (0, ) * world_size),
                 labels=gather_rows(torch.full((1 + rank, 1), rank), rows_of(range(1, 1 + world_size))),
                 summed=summed(rank, world_size, COUNTS[world_size]))
    with pytest.MonkeyPatch.context() as patch:
        take_nccl_paths(patch)
        found['scattered'] = gathered(rank, world_size, COUNTS[world_size])
    return found


@pytest.fixture(scope='module', params=[2, 3])
def ranks(request):
    return run_ranks(work, request.param)


def test_every_rank_knows_the_numbers_of_all_in_order(ranks):
    assert all(found['numbers'] == [[rank, 7] for rank in range(len(ranks))] for found in ranks)


def test_gathered_rows_are_those_of_all_ranks_in_order(ranks):
    total = sum(COUNTS[len(ranks)])
    for found in ranks:
        own, result, _ = found['gathered']
        assert torch.equal(result, table(total, 2, 3, seed=0))
        assert found['labels'].flatten().tolist() == [rank for rank in range(len(ranks)) for _ in range(1 + rank)]
    slices = [range(total)[found['gathered'][0]] for found in ranks]
    assert [index for each in slices for index in each] == list(range(total))
    assert [len(each) for each in slices] == list(COUNTS[len(ranks)])


@pytest.mark.parametrize('backend', ['gathered', 'scattered'])
def test_a_row_gets_the_sum_of_the_gradients_that_it_has_on_all_ranks(ranks, backend):
    total = sum(COUNTS[len(ranks)])
    expected = sum(table(total, 2, 3, seed=1 + rank) for rank in range(len(ranks)))
    for found in ranks:
        own, _, gradient = found[backend]
        torch.testing.assert_close(gradient, expected[own])


def test_no_rows_on_any_rank_are_gathered_as_no_rows(ranks):
    for found in ranks:
        _, result, gradient = found['empty']
        assert result.shape == gradient.shape == (0, 2, 3)


def direct(ranks):
    """The same in one process: concatenated scores, and autograd through the parts' log-sum-exps."""
    total = sum(COUNTS[len(ranks)])
    scores = [scores_of(rank, total) for rank in range(len(ranks))]
    parts = torch.stack([part.logsumexp(1) for part in scores])
    whole = torch.cat(scores, dim=1)
    shares = (parts - whole.logsumexp(1)).exp().nan_to_num(0.)  # no share of nothing
    sums = sum(table(total, 2, seed=20 + rank) for rank in range(len(ranks)))
    return sums, whole.logsumexp(1), whole.amax(1), shares


def test_parts_put_together_equal_the_whole_even_where_there_is_nothing(ranks):
    *expected, _ = direct(ranks)
    assert expected[1][-1] == -torch.inf and expected[1].isfinite().sum() == len(expected[1]) - 1
    for found in ranks:
        own, results = found['gathered'][0], found['summed'][0]
        for result, value in zip(results, expected):
            torch.testing.assert_close(result, value[own])
        assert not found['summed'][3]


def test_gradients_of_parts_are_those_of_the_whole(ranks):
    *_, shares = direct(ranks)
    total = shares.size(1)
    for share, found in zip(shares, ranks):
        _, grad_sums, grad_logsumexp, _ = found['summed']
        torch.testing.assert_close(grad_sums, table(total, 2, seed=30))
        torch.testing.assert_close(grad_logsumexp, table(total, seed=31) * share)


def test_one_process_gets_back_what_it_gave():
    x, rows = torch.ones(2, 3), rows_of([2])
    assert gather_rows(x, rows) is x and rows.own == slice(0, 2)
    assert sum_parts(x, x[:, 0], x[:, 1], rows)[0] is x
    assert all_gather_numbers([4], torch.device('cpu')) == [[4]]

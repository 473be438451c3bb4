"""Rows of a table fall to ranks, and what a rank holds of it is its own."""
import pytest
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mmrice.parallel import leave_out_of_ddp, mark_shard, row_shard, shard_rows, sharded_parameters
from mmrice.testing.distributed import run_ranks


@pytest.mark.parametrize('world_size', [1, 2, 3, 7, 64])
@pytest.mark.parametrize('num_rows', [1, 2, 3, 53, 64, 1_000_003])
def test_each_row_is_held_by_one_rank_and_ranks_differ_by_one_row_at_most(num_rows, world_size):
    shards = [shard_rows(num_rows, rank, world_size) for rank in range(world_size)]
    assert shards[0].start == 0 and shards[-1].stop == num_rows
    assert all(one.stop == next_one.start for one, next_one in zip(shards, shards[1:]))
    sizes = {shard.stop - shard.start for shard in shards}
    assert max(sizes) - min(sizes) <= 1 and min(sizes) >= 0
    assert {shard.num_rows for shard in shards} == {num_rows}
    assert [shard.is_whole for shard in shards].count(True) == (1 if 1 in (num_rows, world_size) else 0)


def test_one_process_holds_all_rows():
    assert shard_rows(7) == (0, 7, 7) and shard_rows(7).is_whole


class Head(nn.Module):
    """One marked parameter and one that is not."""

    def __init__(self, value=0.):
        super().__init__()
        self.table = mark_shard(nn.Parameter(torch.full((2, 1), value)), shard_rows(4, 0, 2))
        self.dense = nn.Parameter(torch.full((1, ), value))
        self.register_buffer('count', torch.tensor([value]))

    def forward(self, x):
        return (self.table * x).sum() + self.dense * x


def test_only_marked_parameters_are_parts_of_a_table():
    model = nn.Sequential(Head())
    assert [name for name, _ in sharded_parameters(model)] == ['0.table']
    assert row_shard(model[0].table) == (0, 2, 4) and row_shard(model[0].dense) is None


def wrapped(rank, left_out, inside=True):
    head = Head(1. + rank)
    model = nn.Sequential(head) if inside else head
    if left_out is not None:
        leave_out_of_ddp(model, left_out)
    ddp = DistributedDataParallel(model)
    ddp(torch.tensor([10. + rank])).sum().backward()
    return {name: [value.flatten()[0].item() for value in values] for name, values in dict(
        table=(head.table, head.table.grad), dense=(head.dense, head.dense.grad), count=(head.count, )).items()}


def work(rank, world_size):
    return wrapped(rank, []), wrapped(rank, ['0.count']), wrapped(rank, None), wrapped(rank, [], inside=False)


@pytest.fixture(scope='module')
def ranks():
    return list(zip(*run_ranks(work, 2)))


def test_ddp_leaves_values_and_gradients_of_a_table_to_their_rank(ranks):
    assert [found['table'] for found in ranks[0]] == [[1., 10.], [2., 11.]]


def test_ddp_leaves_a_table_alone_that_belongs_to_the_wrapped_module_itself(ranks):
    assert [found['table'] for found in ranks[3]] == [[1., 10.], [2., 11.]]


def test_ddp_shares_all_else(ranks):
    assert [found['dense'] for found in ranks[0]] == [[1., 10.5]] * 2
    assert [found['count'] for found in ranks[0]] == [[1.], [1.]]


def test_ddp_leaves_out_named_buffers(ranks):
    assert [found['count'] for found in ranks[1]] == [[1.], [2.]] and ranks[1][1]['table'] == [2., 11.]


def test_ddp_would_overwrite_a_table_that_is_not_left_out(ranks):
    assert [found['table'] for found in ranks[2]] == [[1., 10.5]] * 2

"""The order over shards: each sample once a pass, few shards a rank, any draw at once."""
from itertools import groupby

import numpy as np
import pytest

from mmrice.datasets.shard_order import ShardOrder

SIZES = [7, 0, 3, 12, 1, 9, 5, 5, 8, 2]
TOTAL = sum(SIZES)
SHARD_OF = np.repeat(np.arange(len(SIZES)), SIZES)


def orders(world_size, sizes=SIZES, window=3, seed=0):
    return [ShardOrder(sizes, window, rank, world_size, seed) for rank in range(world_size)]


def passes(order, rank, world_size, number, total=TOTAL):
    """The draws of a rank, cut where its passes end."""
    ends = [(epoch * total + rank) // world_size for epoch in range(number + 1)]
    return [[order[draw] for draw in range(first, last)] for first, last in zip(ends, ends[1:])]


@pytest.mark.parametrize('world_size', [1, 2, 3, 4, 7, 60])
def test_ranks_together_draw_each_sample_once_a_pass_and_their_shares_differ_by_one_at_most(world_size):
    drawn = [passes(order, rank, world_size, 5) for rank, order in enumerate(orders(world_size))]
    for epoch in range(5):
        shares = [own[epoch] for own in drawn]
        assert sorted(index for share in shares for index in share) == list(range(TOTAL))
        assert max(map(len, shares)) - min(map(len, shares)) <= 1
    totals = [sum(map(len, own)) for own in drawn]
    assert max(totals) - min(totals) <= 1  # the ranks take turns at the longer shares


@pytest.mark.parametrize('world_size', [2, 4, 16])
def test_a_rank_meets_its_share_of_the_shards_and_two_more_at_most(world_size):
    sizes = [100] * 64
    for order in orders(world_size, sizes, window=4):
        draws = [order[draw] for draw in range(6400 // world_size)]
        assert len({draw // 100 for draw in draws}) <= 64 // world_size + 1


def test_samples_of_a_window_are_mixed_and_no_shard_outside_it_is_met():
    order, = orders(1, [50] * 12, window=4)
    shards = [order[draw] // 50 for draw in range(600)]
    for start in range(0, 600, 200):
        window = shards[start:start + 200]
        assert len(set(window)) == 4
        assert len(list(groupby(window))) > 100  # about three quarters of the steps change the shard


def test_any_draw_is_found_without_those_before_it():
    first, second = orders(1)[0], orders(1)[0]
    ahead = [first[draw] for draw in range(3 * TOTAL)]
    for draw in (150, 3, 77, 0, 52, 51, 103):
        assert second[draw] == ahead[draw]


def test_passes_seeds_and_ranks_have_orders_of_their_own():
    one = passes(orders(1)[0], 0, 1, 3)
    assert one[0] != one[1] != one[2] and one[0] != list(range(TOTAL))
    assert passes(orders(1, seed=1)[0], 0, 1, 1)[0] != one[0]


def test_shards_come_in_another_order_in_each_pass_and_with_each_seed():
    met = [tuple(shard for shard, _ in groupby(SHARD_OF[index] for index in drawn))
           for seed in range(4) for drawn in passes(orders(1, window=1, seed=seed)[0], 0, 1, 4)]
    assert all(len(shards) == 9 for shards in met)  # with a window of one shard each stays in one piece
    assert len(set(met)) == 16


def test_a_draw_far_away_takes_no_time():
    order = ShardOrder([10_000] * 45_000, 8, 5, 64, 0)
    assert 0 <= order[10**13] < 450_000_000

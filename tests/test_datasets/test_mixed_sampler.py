"""An endless mix of datasets: the ratio, the order, the ranks, and any place to start."""
from collections import Counter
from itertools import islice

import pytest
from torch.utils.data import ConcatDataset

from mmrice.datasets import MixedSampler, mixed_sampler
from mmrice.datasets.mixed_sampler import permuted
from mmrice.utils import UserError

PARTS = ConcatDataset([range(10), range(4)])


def take(count, rank=0, world=1, monkeypatch=None, **options):
    if monkeypatch is not None:
        monkeypatch.setattr(mixed_sampler, 'get_dist_info', lambda: (rank, world))
    return list(islice(MixedSampler(PARTS, seed=3, **options), count))


@pytest.mark.parametrize('length', [1, 2, 3, 17, 64, 1000])
def test_permutation_has_every_index_once_and_depends_on_the_key(length):
    orders = [[permuted(index, length, (key, key + 1, key + 2, key + 3)) for index in range(length)] for key in (5, 6)]
    assert all(sorted(order) == list(range(length)) for order in orders)
    assert length < 10 or orders[0] != orders[1] != list(range(length))


def test_permutation_scatters_neighbours():
    order = [permuted(index, 4096, (11, 12, 13, 14)) for index in range(4096)]
    steps = Counter(second - first for first, second in zip(order, order[1:]))
    assert max(steps.values()) < 12


def test_every_batch_has_the_ratio_and_every_pass_each_sample_once():
    drawn = take(60, ratio=(2, 1))
    assert all(sum(index < 10 for index in drawn[start:start + 3]) == 2 for start in range(0, 60, 3))
    first, second = [index for index in drawn if index < 10], [index - 10 for index in drawn if index >= 10]
    for part, size in ((first, 10), (second, 4)):
        passes = [part[start:start + size] for start in range(0, len(part), size)]
        assert all(sorted(each) == list(range(size)) for each in passes)
        assert passes[0] != passes[1]


def test_ranks_share_a_pass_and_one_rank_has_all_parts(monkeypatch):
    ranks = [take(10, rank, 2, monkeypatch) for rank in range(2)]
    assert all(sum(index < 10 for index in drawn) == 5 for drawn in ranks)
    assert sorted(index for drawn in ranks for index in drawn if index < 10) == list(range(10))


def test_skipping_continues_the_same_stream():
    whole = take(50, ratio=(3, 2))
    for start in (0, 1, 4, 5, 33):
        sampler = MixedSampler(PARTS, ratio=(3, 2), seed=3)
        sampler.skip(start)
        assert list(islice(sampler, 50 - start)) == whole[start:]


def test_skipping_far_takes_no_time():
    sampler = MixedSampler(ConcatDataset([range(400_000_000), range(50_000_000)]), seed=0)
    sampler.skip(10**12)
    assert all(0 <= index < 450_000_000 for index in islice(sampler, 4))


def test_one_dataset_is_passed_through_in_a_new_order_each_time():
    drawn = list(islice(MixedSampler(range(8), seed=0), 16))
    assert sorted(drawn[:8]) == sorted(drawn[8:]) == list(range(8)) and drawn[:8] != drawn[8:]
    assert list(islice(MixedSampler(range(8), seed=1), 8)) != drawn[:8]


@pytest.mark.parametrize('ratio', [(1, ), (0, 0), (1, -1), (1, 0.5)])
def test_a_ratio_that_does_not_fit_is_refused(ratio):
    with pytest.raises(UserError, match='does not fit 2 datasets'):
        MixedSampler(PARTS, ratio=ratio)


def test_an_empty_dataset_is_refused_where_samples_of_it_are_wanted():
    parts = [range(3), range(0)]
    with pytest.raises(UserError, match='dataset 1 is empty'):
        MixedSampler(type('Concat', (), dict(datasets=parts))())
    assert len(MixedSampler(type('Concat', (), dict(datasets=parts))(), ratio=(1, 0))) == 3

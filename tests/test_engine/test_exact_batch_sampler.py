"""ExactBatchSampler starts anywhere and marks each draw."""
import pickle

import pytest
from mmengine.dataset import DefaultSampler, InfiniteSampler
from torch.utils.data import DataLoader

from mmrice.engine import BatchStream, ExactBatchSampler, SeededIndex
from mmrice.utils import UserError


def _sampler(kind=DefaultSampler, size=10, **kwargs):
    return ExactBatchSampler(kind(list(range(size)), shuffle=True, seed=0), batch_size=4, **kwargs)


def _marked(batches):
    return [[(int(index), index.seed) for index in batch] for batch in batches]


def test_advancing_gives_the_rest_of_the_pass_with_the_same_seeds():
    whole, later = _sampler(), _sampler()
    assert later.advance(2) == 2
    assert _marked(later) == _marked(whole)[2:]


def test_advancing_past_the_end_says_how_far_it_came():
    sampler = _sampler()
    assert sampler.advance(5) == 3
    assert list(sampler) == []


def test_seeds_differ_between_epochs_and_between_runs():
    sampler, other = _sampler(), _sampler(seed=1)
    first = _marked(sampler)
    sampler.set_epoch(1)
    seeds = [seed for batches in (first, _marked(sampler), _marked(other)) for batch in batches for _, seed in batch]
    assert len(set(seeds)) == len(seeds) == 30


def test_index_is_an_int_that_keeps_its_seed_on_the_way_to_a_worker():
    index = pickle.loads(pickle.dumps(SeededIndex(3, 99)))
    assert (index, index.seed, [10, 11, 12, 13][index]) == (3, 99, 13)


@pytest.mark.parametrize('kind', [DefaultSampler, InfiniteSampler])
@pytest.mark.parametrize('done', [1, 3, 4, 9])
def test_stream_that_skips_goes_on_like_one_that_has_consumed(kind, done):
    loaders = [DataLoader(range(10), batch_sampler=_sampler(kind), collate_fn=list) for _ in range(2)]
    streams = [BatchStream(loader) for loader in loaders]
    for _ in range(done):
        next(streams[0])
    streams[1].skip_iter(done)
    assert [next(streams[0]) for _ in range(5)] == [next(streams[1]) for _ in range(5)]


def test_dataset_smaller_than_a_batch_is_a_user_error_and_not_an_endless_loop():
    loader = DataLoader(range(2), batch_sampler=_sampler(size=2, drop_last=True), collate_fn=list)
    with pytest.raises(UserError, match='gives no batch of 4'):
        next(BatchStream(loader))

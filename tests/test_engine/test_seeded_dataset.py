"""SeededDataset is the dataset it wraps, with reproducible draws."""
import pickle
import random

import numpy as np
import torch

from mmrice.engine import SeededDataset, SeededIndex


class _Draws:
    metainfo = dict(classes=('a', ))
    pipeline = 'old'

    def __getitem__(self, index):
        return index, random.random(), np.random.rand(), torch.rand(1).item()

    def __len__(self):
        return 5


def test_same_draw_gives_the_same_sample_and_another_draw_another():
    dataset = SeededDataset(_Draws())
    first, again, other = (dataset[SeededIndex(2, seed)] for seed in (7, 7, 8))
    assert first == again
    assert len({*first[1:], *other[1:]}) == 6


def test_plain_index_leaves_the_random_streams_alone():
    dataset = SeededDataset(_Draws())
    assert dataset[2] != dataset[2]


def test_everything_else_is_the_wrapped_dataset_also_when_assigned():
    dataset = SeededDataset(_Draws())
    dataset.pipeline = 'new'
    assert (len(dataset), dataset.metainfo, dataset.dataset.pipeline) == (5, _Draws.metainfo, 'new')
    assert not hasattr(dataset, '__getitems__')


def test_it_can_be_sent_to_a_spawned_worker():
    dataset = pickle.loads(pickle.dumps(SeededDataset(_Draws())))
    assert dataset[SeededIndex(1, 3)] == SeededDataset(_Draws())[SeededIndex(1, 3)]

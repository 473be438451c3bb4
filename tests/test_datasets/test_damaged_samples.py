"""Damaged samples are skipped and counted over workers and ranks, up to a limit."""
import copy
import logging
import pickle

import pytest
from mmengine.dataset import ConcatDataset
from mmengine.logging import MMLogger
from torch.utils.data import DataLoader

from mmrice.datasets import region_collate, skipped_samples_hook
from mmrice.datasets.region_shard_dataset import RegionShardDataset
from mmrice.datasets.shard_format import index_tar
from mmrice.datasets.skip_counter import SkipCounter
from mmrice.datasets.skipped_samples_hook import SkippedSamplesHook
from mmrice.engine import SeededDataset
from mmrice.utils import UserError

PIPELINE = [dict(type='mmrice.LoadImageFromShard'), dict(type='mmrice.RegionResize', scale=(8, 8)),
            dict(type='mmrice.PackRegionInputs')]


def cut_off(root, shard, key):
    """End a shard's tar in the middle of an image; the images before it are whole."""
    tar = root / f'{shard:06d}.tar'
    offset, size = index_tar(tar)[key]
    tar.write_bytes(tar.read_bytes()[:offset + size // 2])


def keys(dataset):
    return [dataset[index]['data_samples'].key for index in range(len(dataset))]


def test_a_tar_that_is_cut_off_gives_the_images_before_the_cut(make_shards, caplog):
    root = make_shards(4, 6)
    dataset = RegionShardDataset(root, PIPELINE)
    cut_off(root, 1, '0007')
    found = keys(dataset)
    assert found[:7] == [f'{number:04d}' for number in range(7)]
    assert not {'0007', '0008', '0009'} & set(found) and len(found) == 10
    assert dataset.skipped.total >= 3
    with pytest.raises(UserError, match=r'000000\.tar: damaged tar'):
        cut_off(root, 0, '0002')
        RegionShardDataset(root, PIPELINE)


@pytest.mark.parametrize('damage', [lambda path: path.with_suffix('.tar').unlink(),
                                    lambda path: path.with_suffix('.regions.parquet').write_bytes(b'PAR1')])
def test_a_shard_that_cannot_be_read_any_more_costs_its_samples(make_shards, damage):
    root = make_shards(9, 3)
    dataset = RegionShardDataset(root, PIPELINE)
    damage(root / '000001.tar')
    assert set(keys(dataset)) <= {f'{number:04d}' for number in range(9)}
    assert 3 <= dataset.skipped.total <= 20


@pytest.mark.parametrize(('content', 'reason'), [
    (lambda jpeg: jpeg[:len(jpeg) // 2] + bytes(len(jpeg) - len(jpeg) // 2), 'is cut off'),
    (lambda jpeg: bytes(len(jpeg)), 'cannot be decoded'),
    (lambda jpeg: jpeg[:20] + b'\0' * (len(jpeg) - 22) + b'\xff\xd9', 'cannot be decoded')])
def test_the_reason_for_skipping_a_sample_is_said(make_shards, content, reason):
    root = make_shards(4)
    tar = root / '000000.tar'
    whole, (offset, size) = tar.read_bytes(), index_tar(tar)['0002']
    tar.write_bytes(whole[:offset] + content(whole[offset:offset + size]) + whole[offset + size:])
    with pytest.raises(UserError, match=rf'000000\.tar: 0002\.jpg {reason}, and 0 samples were skipped before it'):
        RegionShardDataset(root, PIPELINE, max_skipped=0)[2]


def test_workers_count_together_and_the_limit_is_theirs_together(make_shards):
    root = make_shards(12, damaged=(1, 4, 6, 10))
    dataset = RegionShardDataset(root, PIPELINE, max_skipped=60)

    def load(dataset):
        return list(DataLoader(dataset, batch_size=2, num_workers=2, collate_fn=region_collate))

    assert len(load(dataset)) == 6 and 4 <= dataset.skipped.total <= 60
    strict = RegionShardDataset(root, PIPELINE, max_skipped=3)
    # both workers may pass the limit at once, and each counts the other's
    with pytest.raises(UserError, match='and [34] samples were skipped before it'):
        load(strict)


def test_a_counter_is_sent_to_another_process_but_a_subset_counts_anew(make_shards):
    counter = SkipCounter(5)
    counter.skip('x')
    assert pickle.loads(pickle.dumps(counter)).total == 1
    assert copy.deepcopy(counter).total == 0 and copy.deepcopy(counter).limit == 5


def test_only_the_first_skips_of_a_worker_are_logged_one_by_one(caplog):
    counter = SkipCounter(1000)
    with caplog.at_level(logging.WARNING):
        logger = MMLogger.get_instance('skips', logger_name='skips')
        logger.addHandler(caplog.handler)
        for number in range(50):
            counter.skip(f'image {number}')
    assert counter.total == 50
    assert sum('skipped' in record.getMessage() for record in caplog.records) == 20


class _Runner:
    """What the hook needs of a runner."""

    def __init__(self, dataset):
        self.iter, self.logged = 0, []
        self.train_dataloader = self.logger = self
        self.dataset, self.warning = dataset, self.logged.append


def test_the_log_has_the_sum_over_ranks_and_datasets_when_it_has_changed(monkeypatch):
    monkeypatch.setattr(skipped_samples_hook, 'all_reduce', lambda total: total.mul_(2))  # another rank like this one
    counters = [SkipCounter(100), SkipCounter(50)]
    parts = [type('Part', (), dict(skipped=counter))() for counter in counters]
    runner, hook = _Runner(type('Both', (), dict(datasets=parts))()), SkippedSamplesHook(interval=2)
    for runner.iter, skips in enumerate((1, 2, 0, 0, 1, 0)):
        for _ in range(skips):
            counters[runner.iter % 2].skip('x')
        hook.after_train_iter(runner, runner.iter)
    hook.after_train(runner)
    assert [line.split()[0] for line in runner.logged] == ['6', '8']
    assert 'max_skipped of a rank: 100 + 50' in runner.logged[0]


def test_the_hook_finds_the_counters_of_wrapped_datasets_and_is_silent_without_any(make_shards):
    parts = [RegionShardDataset(make_shards(4, name=name, damaged=(1, )), PIPELINE) for name in 'ab']
    runner = _Runner(SeededDataset(ConcatDataset(parts)))
    hook = SkippedSamplesHook()
    hook.after_train(runner)
    assert runner.logged == []
    keys(parts[1])
    hook.after_train(runner)
    assert len(runner.logged) == 1
    SkippedSamplesHook().after_train(_Runner(range(3)))

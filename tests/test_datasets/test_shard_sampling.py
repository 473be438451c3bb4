"""Region shards through sampler, workers and runner: no loss, no overlap, exact resume."""
from itertools import islice

import pytest
import torch
from mmengine.dataset import ConcatDataset
from mmengine.model import BaseModel
from torch.utils.data import DataLoader

from mmrice.datasets import MixedSampler, mixed_sampler, region_collate
from mmrice.datasets.region_shard_dataset import RegionShardDataset
from mmrice.engine import ExactBatchSampler, SeededDataset
from mmrice.registry import MODELS
from mmrice.testing.runs import Killed, train
from mmrice.utils import UserError

PIPELINE = [
    dict(type='mmrice.LoadImageFromShard'),
    dict(type='mmrice.RandomResizedRegionCrop', scale=(8, 8)),
    dict(type='mmrice.RandomRegionFlip', prob=0.5),
    dict(type='mmrice.SampleRegions', num_regions=2),
    dict(type='mmrice.PackRegionInputs'),
]


def sampler(dataset, rank, world_size, monkeypatch, **options):
    monkeypatch.setattr(mixed_sampler, 'get_dist_info', lambda: (rank, world_size))
    return MixedSampler(dataset, **{'seed': 3, 'shuffle_shards': 2, **options})


@pytest.mark.parametrize('world_size', [1, 2, 3, 4])
@pytest.mark.parametrize('workers', [0, 1, 2])
def test_one_pass_over_ranks_and_workers_has_each_sample_once(make_shards, monkeypatch, world_size, workers):
    dataset = RegionShardDataset(make_shards(7, 4, 9, 1, 6), PIPELINE)
    keys = []
    for rank in range(world_size):
        share = (27 + rank) // world_size
        own = list(islice(sampler(dataset, rank, world_size, monkeypatch), share))
        loader = DataLoader(dataset, batch_size=2, sampler=own, num_workers=workers, collate_fn=region_collate)
        keys += [sample.key for batch in loader for sample in batch['data_samples']]
    assert sorted(keys) == [f'{number:04d}' for number in range(27)]


def test_datasets_in_a_ratio_keep_it_and_each_stays_within_its_shards(make_shards, monkeypatch):
    parts = [RegionShardDataset(make_shards(6, 6, 6, 6, name=kind), kinds=[kind]) for kind in ('object', 'ocr')]
    mixed = SeededDataset(ConcatDataset(parts, ignore_keys=['num_classes']))
    drawn = list(islice(sampler(mixed, 0, 1, monkeypatch, ratio=[3, 1]), 4 * 7))
    objects = [index for index in drawn if index < len(parts[0])]
    assert all(sum(index < len(parts[0]) for index in drawn[start:start + 4]) == 3 for start in range(0, 28, 4))
    assert len(objects) == 21 == len(set(objects)) == len(parts[0])
    shards = [int(parts[0].get_data_info(index)['img_path'][-5]) for index in objects]
    assert len(set(shards[:10])) == 2 == len(set(shards[11:]))
    ocr = [index - len(parts[0]) for index in drawn if index >= len(parts[0])]
    assert len(set(ocr)) == 7 and max(ocr) < len(parts[1])


def test_without_shuffling_the_order_is_that_of_the_dataset_and_ranks_take_turns(make_shards, monkeypatch):
    dataset = RegionShardDataset(make_shards(4, 3))
    ranks = [list(islice(sampler(dataset, rank, 2, monkeypatch, shuffle=False), 7)) for rank in range(2)]
    assert [index for pair in zip(*ranks) for index in pair] == [*range(7), *range(7)]


def test_a_window_without_shards_is_refused(make_shards, monkeypatch):
    with pytest.raises(UserError, match='shuffle_shards=0, expected 1 or more'):
        sampler(range(3), 0, 1, monkeypatch, shuffle_shards=0)


@pytest.mark.parametrize('workers', [0, 2])
def test_a_damaged_image_is_replaced_by_the_same_one_whatever_the_number_of_workers(make_shards, workers):
    dataset = SeededDataset(RegionShardDataset(make_shards(7, 4, damaged=(2, 8)), PIPELINE))
    batches = ExactBatchSampler(MixedSampler(dataset, seed=1), 3, seed=5)
    loader = DataLoader(dataset, batch_sampler=list(islice(batches, 8)), num_workers=workers,
                        collate_fn=region_collate)
    seen = [(sample.key, sample.gt_regions.bboxes.tolist()) for batch in loader for sample in batch['data_samples']]
    expected = [dataset[index] for batch in islice(batches, 8) for index in batch]
    assert seen == [(sample['data_samples'].key, sample['data_samples'].gt_regions.bboxes.tolist())
                    for sample in expected]
    assert not {'0002', '0008'} & {key for key, _ in seen}


@MODELS.register_module()
class SampleLog(BaseModel):
    """Remembers what it is shown."""
    shown: list = []

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, inputs, data_samples, mode='loss'):
        self.shown.append([(sample.key, sample.gt_regions.bboxes.tolist(), image.sum().item())
                           for image, sample in zip(inputs, data_samples)])
        return dict(loss=self.weight.sum())


CONFIG = '''
default_scope = 'mmengine'
model = dict(type='mmrice.SampleLog')
train_cfg = dict(type='IterBasedTrainLoop', max_iters=11)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1))
default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=3, by_epoch=False))
randomness = dict(seed=7)
train_dataloader = dict(batch_size=4, num_workers=0, sampler=dict(type='mmrice.MixedSampler', shuffle_shards=2),
    collate_fn=dict(type='mmrice.region_collate'),
    dataset=dict(type='mmrice.RegionShardDataset', data_root={root!r}, pipeline={pipeline!r}))
'''


@pytest.mark.parametrize('workers', [0, 2])
def test_a_run_killed_in_the_middle_of_a_pass_goes_on_with_the_samples_that_were_next(make_shards, tmp_path, workers):
    config = tmp_path / 'config.py'
    config.write_text(CONFIG.format(root=str(make_shards(9, 8, 7)), pipeline=PIPELINE))
    SampleLog.shown = undisturbed = []
    train(config, tmp_path / 'whole')
    assert len(undisturbed) == 11 and len({key for batch in undisturbed[:6] for key, *_ in batch}) == 24
    SampleLog.shown = []
    with pytest.raises(Killed):
        train(config, tmp_path / 'killed', kill_at=5)
    SampleLog.shown = resumed = []
    train(config, tmp_path / 'killed', resume='auto', train_dataloader__num_workers=workers)
    assert resumed == undisturbed[3:]

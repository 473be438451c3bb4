"""Checkpoints are plain, whole and found again."""
import errno
import os

import pytest
import torch
from mmengine.logging import HistoryBuffer

from mmrice.engine.checkpoint_io import find_latest
from mmrice.testing.runs import train
from mmrice.utils import UserError


@pytest.fixture(scope='module')
def run(tiny, tmp_path_factory):
    """Two epochs that keep one checkpoint and the best one."""
    work_dir = tmp_path_factory.mktemp('run')
    train(tiny('mmpretrain'), work_dir, train_cfg__max_epochs=2, default_hooks__checkpoint__max_keep_ckpts=1,
          default_hooks__checkpoint__save_best='accuracy/top1')
    return work_dir


def _checkpoints(work_dir):
    return sorted(path.name for path in work_dir.glob('*.pth') if not path.name.startswith('best'))


def test_checkpoint_loads_with_weights_only(run):
    checkpoint = torch.load(run / 'latest.pth', weights_only=True)
    assert checkpoint['meta']['dataset_meta'] == dict(classes=('dark', 'light'))
    assert checkpoint['message_hub']['runtime_info']['best_score'] > 0


def test_only_the_newest_is_kept_and_latest_points_at_it(run):
    assert _checkpoints(run) == ['epoch_2.pth', 'latest.pth']
    assert os.readlink(run / 'latest.pth') == 'epoch_2.pth'
    assert len(list(run.glob('best_*.pth'))) == 1
    assert not list(run.glob('.tmp*'))


def test_log_buffers_come_back_when_resuming(run, tiny):
    resumed = train(tiny('mmpretrain'), run, resume='auto', train_cfg__max_epochs=2)
    losses = resumed.message_hub.get_scalar('train/loss')
    assert isinstance(losses, HistoryBuffer)
    assert len(losses.data[0]) == 6


def test_full_disk_leaves_the_checkpoint_before_it_and_says_so(tiny, tmp_path, monkeypatch):
    replace = os.replace

    def no_room(source, target, **kwargs):
        if str(target).endswith('epoch_2.pth'):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, target, **kwargs)

    monkeypatch.setattr(os, 'replace', no_room)
    with pytest.raises(UserError, match=r'epoch_2.pth: the disk is full: [\d.]+ MiB are needed'):
        train(tiny('mmpretrain'), tmp_path, default_hooks__checkpoint__max_keep_ckpts=1)
    assert _checkpoints(tmp_path) == ['epoch_1.pth', 'latest.pth']
    assert not list(tmp_path.glob('.tmp*'))
    assert find_latest(tmp_path) == tmp_path / 'epoch_1.pth'


def test_best_checkpoint_is_removed_only_after_its_successor_is_written(tiny, tmp_path, monkeypatch):
    from mmrice.engine import CheckpointHook
    scores = iter([1., 2., 3.])
    seen = []
    plain = CheckpointHook._save_best_checkpoint

    def scored(self, runner, metrics):
        plain(self, runner, {'accuracy/top1': next(scores)})
        seen.append(sorted(path.name for path in tmp_path.glob('best*')))

    save = torch.save

    def saving(*args, **kwargs):
        if seen:
            assert list(tmp_path.glob('best*'))
        return save(*args, **kwargs)

    monkeypatch.setattr(CheckpointHook, '_save_best_checkpoint', scored)
    monkeypatch.setattr(torch, 'save', saving)
    train(tiny('mmpretrain'), tmp_path, default_hooks__checkpoint__save_best='accuracy/top1')
    assert seen == [[f'best_accuracy_top1_epoch_{epoch}.pth'] for epoch in (1, 2, 3)]

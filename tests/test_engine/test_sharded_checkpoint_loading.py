"""What stands in the checkpoint and what beside it, which folders stay, and what is said when they do not fit."""
import errno
import os
import shutil

import pytest
import torch
from mmengine.evaluator import BaseMetric, Evaluator

from mmrice.engine.centers import saving
from mmrice.engine.checkpoint_io import AtomicBackend, find_latest
from mmrice.parallel import mark_shard, row_shard
from mmrice.testing.distributed import run_ranks
from mmrice.testing.runs import Killed
from mmrice.testing.table_runs import NAME, build, joined, loader, same, state_of, train_table
from mmrice.utils import UserError


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """Four iterations of one process."""
    work_dir = tmp_path_factory.mktemp('run')
    train_table(0, 1, work_dir)
    return work_dir


def _names(folder):
    return sorted(path.name for path in folder.iterdir() if '.pth' in path.name or '.centers' in path.name)


def test_checkpoint_has_all_but_the_table_and_names_its_folder(run):
    checkpoint = torch.load(run / 'latest.pth', weights_only=True)
    assert checkpoint['meta']['centers'] == 'iter_4.centers'
    assert sorted(checkpoint['state_dict']) == ['backbone.bias', 'backbone.weight', 'num_steps']
    assert sorted(len(entry) for entry in checkpoint['optimizer']['state'].values()) == [0, 3, 3]
    assert _names(run) == ['iter_2.centers', 'iter_2.pth', 'iter_4.centers', 'iter_4.pth', 'latest.pth']


@pytest.mark.parametrize('hooks', [True, False])
def test_moved_run_is_loaded_through_its_link(run, tmp_path, hooks):
    shutil.copytree(run, tmp_path / 'moved', symlinks=True)
    os.symlink('moved/latest.pth', tmp_path / 'link.pth')
    runner = build(tmp_path / 'work', load_from=str(tmp_path / 'link.pth'), hooks=hooks)
    runner.load_or_resume()
    saved = build(tmp_path / 'work', resume=True, load_from=str(run / 'iter_4.pth'), max_iters=4)
    saved.train()
    assert torch.equal(runner.model.head['table'], saved.model.head['table'])
    assert runner.model.head['table'][0, 0] != 0


def test_loading_weights_alone_reads_no_optimizer_state(run, tmp_path, monkeypatch):
    from mmrice.engine import sharded_checkpoint
    read = []
    monkeypatch.setattr(sharded_checkpoint, 'read_parts', lambda folder, metadata, parts: read.extend(parts))
    build(tmp_path, load_from=str(run / 'iter_4.pth')).load_or_resume()
    assert read == [f'{NAME}/weight']


def _error(rank, world_size, work_dir, options):
    os.environ['LOCAL_RANK'] = str(rank)
    with pytest.raises(UserError) as error:
        build(work_dir, **options).train()
    return str(error.value)


@pytest.mark.parametrize('resume', [True, False])
def test_changed_number_of_classes_is_one_error_on_all_ranks(run, tmp_path, resume):
    options = dict(model=dict(classes=12), load_from=str(run / 'iter_4.pth'), resume=resume)
    first, second = run_ranks(_error, 2, tmp_path, options)
    assert first == second
    assert f'{run}/iter_4.centers: the table {NAME} has 11 classes there and 12 in the config. Set its num_classes=11' \
        in first


def test_changed_width_is_an_error(run, tmp_path):
    text = _error(0, 1, tmp_path, dict(model=dict(dims=4), load_from=str(run / 'iter_4.pth')))
    assert r'has shape (3,) there and (4,) in the config. Set its embed_dims' in text


def test_missing_or_damaged_folder_is_an_error_on_all_ranks(run, tmp_path):
    shutil.copytree(run, tmp_path / 'copy', symlinks=True)
    (tmp_path / 'copy/iter_2.centers/__0_0.distcp').unlink()
    for name, text in [('iter_4.pth', 'iter_4.centers: no such folder'), ('iter_2.pth', '__0_0.distcp is missing')]:
        shutil.rmtree(tmp_path / 'copy/iter_4.centers', ignore_errors=True)
        options = dict(load_from=str(tmp_path / 'copy' / name), resume=True)
        for found in run_ranks(_error, 2, tmp_path / 'work', options):
            assert text in found


def test_checkpoint_with_whole_tables_inside_is_shared_out(run, tmp_path):
    runner = build(tmp_path / 'work', max_iters=4, resume=True, load_from=str(run / 'iter_4.pth'))
    runner.train()
    runner.save_checkpoint(str(tmp_path), 'whole.pth', meta=dict(epoch=0, iter=4))  # past the hook that takes it out
    assert NAME in torch.load(tmp_path / 'whole.pth', weights_only=True)['state_dict']
    options = dict(resume=True, load_from=str(tmp_path / 'whole.pth'))
    results = run_ranks(train_table, 2, tmp_path / 'two', options)
    assert [len(result[NAME]) for result in results] == [5, 6]
    assert same(joined(results), state_of(runner))


class _Score(BaseMetric):

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        _Score.value = getattr(_Score, 'value', 0) + 1
        return dict(score=_Score.value)


def _train_for_the_best(rank, world_size, work_dir):
    os.environ['LOCAL_RANK'] = str(rank)
    runner = build(work_dir, max_iters=6, checkpoint=dict(max_keep_ckpts=1, save_best='score', rule='greater'),
                   val_dataloader=loader(), val_cfg={}, val_evaluator=Evaluator(_Score()))
    runner.train()
    return state_of(runner)[NAME]


@pytest.mark.parametrize('ranks', [1, 2])
def test_folders_of_older_and_of_worse_checkpoints_are_removed_with_them(tmp_path, ranks):
    table = torch.cat(run_ranks(_train_for_the_best, ranks, tmp_path))
    best, last = 'best_score_iter_6', 'iter_6'  # the last one is written again when it turns out to be the best
    assert _names(tmp_path) == [f'{best}.centers', f'{best}.pth', f'{last}.centers-2', f'{last}.pth', 'latest.pth']
    assert find_latest(tmp_path) == tmp_path / 'iter_6.pth'
    runner = build(tmp_path, load_from=str(tmp_path / f'{best}.pth'))
    runner.load_or_resume()
    assert torch.equal(runner.model.head['table'], table)


def test_folder_of_a_renamed_checkpoint_is_kept(tmp_path):
    train_table(0, 1, tmp_path)
    (tmp_path / 'iter_4.pth').rename(tmp_path / 'good.pth')
    train_table(0, 1, tmp_path)
    build(tmp_path / 'work', load_from=str(tmp_path / 'good.pth')).load_or_resume()
    assert 'iter_4.centers-2' in _names(tmp_path)


def test_replaced_folder_is_removed_by_the_next_save_when_a_save_dies_before(run, tmp_path, monkeypatch):
    shutil.copytree(run, tmp_path, symlinks=True, dirs_exist_ok=True)

    def dies(folder):
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(saving, '_finish', dies)
        with pytest.raises(Killed):
            train_table(0, 1, tmp_path)  # replaces iter_2.pth
    assert {'iter_2.centers', 'iter_2.centers-2'} <= set(_names(tmp_path))
    assert find_latest(tmp_path) == tmp_path / 'iter_4.pth'
    train_table(0, 1, tmp_path, dict(max_iters=6, resume=True))
    assert [name for name in _names(tmp_path) if 'centers' in name] == [
        'iter_2.centers-2', 'iter_4.centers', 'iter_6.centers']


def test_fewer_checkpoints_are_kept_after_resuming_with_a_smaller_limit(tmp_path):
    build(tmp_path, max_iters=6, checkpoint=dict(max_keep_ckpts=3)).train()
    build(tmp_path, max_iters=6, resume=True, checkpoint=dict(max_keep_ckpts=1)).train()
    assert _names(tmp_path) == ['iter_6.centers', 'iter_6.pth', 'latest.pth']


def _full(rank, world_size, work_dir):
    def put(self, obj, filepath):
        raise UserError(f'{filepath}: the disk is full')

    if rank == 0:
        AtomicBackend.put = put
    return _error(rank, world_size, work_dir, {})


def test_checkpoint_that_cannot_be_written_is_an_error_on_all_ranks_and_leaves_nothing(tmp_path):
    assert run_ranks(_full, 2, tmp_path) == [f'{tmp_path}/iter_2.pth: the disk is full'] * 2
    assert _names(tmp_path) == []
    assert not list(tmp_path.glob('.tmp*'))


def test_full_disk_under_the_folder_is_a_user_error(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(UserError, match='iter_2.pth: the disk is full: its class centres do not fit'):
        train_table(0, 1, tmp_path)
    assert _names(tmp_path) == []


def test_settings_that_cannot_save_a_table_are_refused_before_training(tmp_path):
    average = dict(custom_hooks=[dict(type='EMAHook')])
    assert 'EMAHook: cannot average' in _error(0, 1, tmp_path, average)
    elsewhere = dict(checkpoint=dict(backend_args=dict(backend='local')))
    assert 'CheckpointHook: class centres are saved to local folders only' in _error(0, 1, tmp_path, elsewhere)


def test_part_of_a_table_is_never_saved_as_if_it_were_whole(tmp_path):
    runner = build(tmp_path)
    runner.train()
    mark_shard(runner.model.head['table'], row_shard(runner.model.head['table'])._replace(num_rows=22))
    with pytest.raises(UserError, match='class centres are split over ranks'):
        runner.save_checkpoint(str(tmp_path), 'part.pth')
    assert not (tmp_path / 'part.pth').exists()


def test_model_without_tables_gets_no_folder(tmp_path):
    runner = build(tmp_path)
    mark_shard(runner.model.head['table'], None)
    runner.train()
    assert _names(tmp_path) == ['iter_2.pth', 'iter_4.pth', 'latest.pth']
    checkpoint = torch.load(tmp_path / 'latest.pth', weights_only=True)
    assert NAME in checkpoint['state_dict']
    assert 'centers' not in checkpoint['meta']

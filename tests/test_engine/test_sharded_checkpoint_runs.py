"""Runs whose model has a table split over ranks: saved, killed and resumed by any number of processes."""
import os
import pkgutil
from pathlib import Path

import pytest

from mmrice.engine.checkpoint_io import centers_of, find_latest
from mmrice.testing.distributed import RankError, run_ranks
from mmrice.testing.table_runs import joined, same, train_table


@pytest.fixture(scope='module')
def undisturbed(tmp_path_factory):
    """Eight iterations of one process, with and without accumulation: {accumulative_counts: state}."""
    return {count: train_table(0, 1, tmp_path_factory.mktemp('undisturbed'), dict(max_iters=8, accumulate=count))
            for count in (1, 3)}


@pytest.mark.parametrize('accumulate', [1, 3])
def test_run_of_four_ranks_goes_on_with_one_two_or_three(tmp_path, undisturbed, accumulate):
    run_ranks(train_table, 4, tmp_path, dict(max_iters=8, accumulate=accumulate))
    for ranks in (1, 2, 3):
        # with accumulate=3, the gradients of iteration 4 wait for a step
        options = dict(max_iters=8, accumulate=accumulate, resume=True, load_from=str(tmp_path / 'iter_4.pth'))
        assert same(joined(run_ranks(train_table, ranks, tmp_path / str(ranks), options)), undisturbed[accumulate])


def test_run_of_one_process_goes_on_with_three_ranks(tmp_path, undisturbed):
    train_table(0, 1, tmp_path)
    assert same(joined(run_ranks(train_table, 3, tmp_path, dict(max_iters=8, resume=True))), undisturbed[1])


def _killed(rank, world_size, work_dir, owner, name):
    """Die when the save of iter_4 comes to a function."""
    owner = pkgutil.resolve_name(owner)
    plain = getattr(owner, name)

    def die(*args, **kwargs):
        pointer = Path(work_dir, 'last_checkpoint')
        if pointer.exists() and 'iter_2' in pointer.read_text():
            os._exit(9)
        return plain(*args, **kwargs)

    setattr(owner, name, die)
    train_table(rank, world_size, work_dir)


@pytest.mark.parametrize(('owner', 'name', 'ranks'), [
    ('torch.distributed.checkpoint.FileSystemWriter', 'finish', 2),  # tensors are written
    ('pathlib.Path', 'rename', 1),  # the folder is complete
    ('mmrice.engine.checkpoint_io.AtomicBackend', 'put', 1),  # and has its name
    ('mmrice.engine.checkpoint_io.AtomicBackend', 'put', 2),
    ('mmrice.engine.centers.saving', '_finish', 1),  # the checkpoint is there
    ('mmrice.engine.hooks.checkpoint_hook', 'atomic_write', 1),  # and whole, but last_checkpoint names the one before
])
def test_killed_save_leaves_the_checkpoint_before_it_and_nothing_in_the_end(tmp_path, undisturbed, ranks, owner, name):
    with pytest.raises(RankError, match='rank 0: exit code 9'):
        run_ranks(_killed, ranks, tmp_path, owner, name)
    assert find_latest(tmp_path) == tmp_path / 'iter_2.pth'
    assert same(train_table(0, 1, tmp_path, dict(max_iters=8, resume=True)), undisturbed[1])
    needed = {centers_of(path).name for path in tmp_path.glob('iter_*.pth')}
    assert {path.name for path in tmp_path.glob('*.centers*')} == needed
    assert len(needed) == 4
    assert not [path for path in tmp_path.rglob('.*') if path.name != '.metadata']


def test_newest_whole_checkpoint_is_found_when_the_folder_of_a_newer_one_is_gone(tmp_path):
    train_table(0, 1, tmp_path)
    (tmp_path / 'iter_4.centers/.metadata').unlink()
    assert find_latest(tmp_path) == tmp_path / 'iter_2.pth'

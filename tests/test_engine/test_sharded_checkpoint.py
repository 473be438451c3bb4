"""Folders of tables: written by some ranks, read by any number of others, and never run."""
import errno
import os
import pickle

import pytest
import torch

from mmrice.engine import sharded_checkpoint as sharded
from mmrice.parallel import shard_rows
from mmrice.testing.distributed import RankError, run_ranks
from mmrice.utils import UserError


def _tables(num_rows):
    """Whole tables as a checkpoint has them, of all ranks and dtypes that occur."""
    generator = torch.Generator().manual_seed(num_rows)
    return {
        'c/weight': torch.randn(num_rows, 6, generator=generator),
        'c/optimizer/exp_avg_sq': torch.randn(num_rows, 6, generator=generator).bfloat16(),
        'c/optimizer/step': torch.arange(num_rows),
        'c/touched': torch.arange(num_rows).to(torch.uint8),
    }


def _parts(num_rows, rank, world_size, room=False):
    shard = shard_rows(num_rows, rank, world_size)
    return {key: sharded.Part(torch.full_like(rows, 7) if room else rows, shard.start, num_rows)
            for key, rows in ((key, table[shard.start:shard.stop]) for key, table in _tables(num_rows).items())}


def _write(rank, world_size, folder, num_rows, piece):
    sharded._PIECE = piece
    sharded.write_parts(folder, _parts(num_rows, rank, world_size))


def _read(rank, world_size, folder, num_rows):
    parts = _parts(num_rows, rank, world_size, room=True)
    sharded.read_parts(folder, sharded.read_metadata(folder), parts)
    return {key: part.rows for key, part in parts.items()}


def _same(rows, num_rows):
    return all(torch.equal(torch.cat([part[key] for part in rows]), table) for key, table in _tables(num_rows).items())


@pytest.mark.parametrize(('written_by', 'num_rows', 'piece'), [(4, 11, 2 ** 20), (4, 3, 2 ** 20), (1, 11, 50)])
def test_any_number_of_ranks_reads_what_any_other_wrote(tmp_path, written_by, num_rows, piece):
    folder = tmp_path / 'centers'
    run_ranks(_write, written_by, folder, num_rows, piece)
    for read_by in (1, 2, 3):  # one after the other, without a process group
        assert _same([_read(rank, read_by, folder, num_rows) for rank in range(read_by)], num_rows)


def test_one_process_without_a_group_writes_what_three_read(tmp_path):
    sharded.write_parts(tmp_path / 'centers', _parts(11, 0, 1))
    assert _same(run_ranks(_read, 3, tmp_path / 'centers', 11), 11)


def test_large_tables_are_written_in_pieces_that_are_read_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(sharded, '_PIECE', 50)
    sharded.write_parts(tmp_path / 'centers', _parts(11, 0, 1))
    metadata = sharded.read_metadata(tmp_path / 'centers')
    assert len(metadata.state_dict_metadata['c/weight'].chunks) == 6  # two rows of 24 bytes each
    read = []
    load = torch.load
    monkeypatch.setattr(torch, 'load', lambda *args, **kwargs: read.append(load(*args, **kwargs)) or read[-1])
    part = sharded.Part(torch.empty(1, 6), 4, 11)
    sharded.read_parts(tmp_path / 'centers', metadata, {'c/weight': part})
    assert torch.equal(part.rows, _tables(11)['c/weight'][4:5])
    assert [len(rows) for rows in read] == [2]


class _Evil:

    def __reduce__(self):
        return os.mkdir, ('was_here', )


def test_forged_metadata_are_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sharded.write_parts(tmp_path / 'centers', _parts(5, 0, 1))
    (tmp_path / 'centers/.metadata').write_bytes(pickle.dumps(_Evil()))
    with pytest.raises(UserError, match=r'centers: damaged: .metadata holds an object of type posix.mkdir'):
        sharded.read_metadata(tmp_path / 'centers')
    assert not (tmp_path / 'was_here').exists()


@pytest.mark.parametrize(('harm', 'message'), [
    (lambda file: file.unlink(), '__0_0.distcp is missing'),
    (lambda file: os.truncate(file, 100), r'__0_0.distcp has 100 bytes, expected [\d,]+'),
    (lambda file: (file.parent / '.metadata').write_bytes(b'half'), '.metadata: UnpicklingError on reading'),
    (lambda file: (file.parent / '.metadata').unlink(), '.metadata: FileNotFoundError on reading'),
])
def test_damaged_folder_is_named_with_what_is_wrong(tmp_path, harm, message):
    sharded.write_parts(tmp_path / 'centers', _parts(5, 0, 1))
    harm(tmp_path / 'centers/__0_0.distcp')
    with pytest.raises(UserError, match=f'centers: damaged: {message}'):
        sharded.read_metadata(tmp_path / 'centers')


def test_damaged_tensors_are_an_error_that_names_the_folder(tmp_path):
    sharded.write_parts(tmp_path / 'centers', _parts(5, 0, 1))
    file = tmp_path / 'centers/__0_0.distcp'
    file.write_bytes(bytes(file.stat().st_size))
    with pytest.raises(UserError, match='centers: damaged'):
        _read(0, 1, tmp_path / 'centers', 5)


def _write_on_full_disk(rank, world_size, folder):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if rank == 1:
        os.fsync = full
    try:
        sharded.write_parts(folder, _parts(5, rank, world_size))
    except OSError as error:
        return error.errno


def test_full_disk_of_one_rank_is_an_error_on_all(tmp_path):
    assert run_ranks(_write_on_full_disk, 2, tmp_path / 'centers') == [errno.ENOSPC] * 2


def _die(rank, world_size):
    if rank == 1:
        os._exit(9)
    torch.distributed.barrier()


def test_run_ranks_fails_when_a_rank_dies():
    with pytest.raises(RankError, match='rank 1: exit code 9'):
        run_ranks(_die, 2, timeout=30)

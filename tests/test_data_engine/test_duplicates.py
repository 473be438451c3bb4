import tracemalloc

import numpy as np
import pytest

from mmrice.data_engine.duplicates import hash_table, read_twins, write_twins
from mmrice.data_engine.images import Reject
from mmrice.data_engine.sources import Found
from mmrice.data_engine.workspace import Workspace


def found(key, data):
    return Found(key, 's', f'{key}.jpg', f'/s/{key}.jpg', data)


def tables(space, shards):
    """Write the hashes of shards, each a list of contents; the key of an image is its shard and place."""
    names = [f'{number:06d}' for number in range(len(shards))]
    for name, shard in zip(names, shards):
        table = hash_table(found(f'{int(name)}-{place}', data) for place, data in enumerate(shard))
        path = space.work(name, 'scan', 'npy')
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, table)
    return names


def twins(space, names, **kwargs):
    written = [path.name[:6] for path in write_twins(space, names, **kwargs)]
    return {name: read_twins(space, name) for name in written}


def test_of_equal_files_the_first_of_the_plan_is_kept(tmp_path):
    space = Workspace(tmp_path)
    names = tables(space, [[b'a', b'b', b'a'], [], [b'c', b'b', b'd'], [b'a', b'd', b'd']])
    assert twins(space, names) == {'000000': {2: '0-0'}, '000002': {1: '0-1'},
                                   '000003': {0: '0-0', 1: '2-2', 2: '2-2'}}


def test_empty_and_unreadable_files_are_like_nothing_else(tmp_path):
    space = Workspace(tmp_path)
    assert twins(space, tables(space, [[b'', b'', Reject('missing'), Reject('missing'), b'x']])) == {}


@pytest.mark.parametrize('half', ['high', 'low'])
def test_files_whose_hashes_agree_in_one_half_are_not_equal(tmp_path, half):
    space = Workspace(tmp_path)
    names = tables(space, [[b'a', b'b'], [b'c', b'a']])
    for name in names:
        table = np.load(space.work(name, 'scan', 'npy'))
        table[half] = 7
        np.save(space.work(name, 'scan', 'npy'), np.sort(table))
    assert twins(space, names) == {'000001': {1: '0-0'}}


@pytest.mark.parametrize('step_rows', [10, 100, 1000])
def test_merging_in_steps_finds_the_same(tmp_path, step_rows):
    space, rng = Workspace(tmp_path), np.random.default_rng(0)
    shards = [[b'%d' % value for value in rng.integers(0, 150, rng.integers(0, 40))] for _ in range(10)]
    first, expected = {}, {}
    for shard, contents in enumerate(shards):
        for place, data in enumerate(contents):
            key = first.setdefault(data, f'{shard}-{place}')
            if key != f'{shard}-{place}':
                expected.setdefault(f'{shard:06d}', {})[place] = key
    assert len(expected) > 5
    assert twins(space, tables(space, shards), step_rows=step_rows) == expected
    assert not list(tmp_path.glob('.work/tmp*'))


def test_memory_does_not_grow_with_the_number_of_images(tmp_path):
    peaks = []
    for number in (4, 16):
        space = Workspace(tmp_path / str(number))
        names = tables(space, [[b'%d' % (place + 2000 * shard) for place in range(3000)] for shard in range(number)])
        tracemalloc.start()
        assert len(write_twins(space, names, step_rows=6000)) == number - 1
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0], peaks


def test_a_shard_that_lost_its_duplicates_has_no_file_any_more(tmp_path):
    space = Workspace(tmp_path)
    assert list(twins(space, tables(space, [[b'a'], [b'a']]))) == ['000001']
    assert twins(space, tables(space, [[b'a'], [b'b']])) == {}
    assert not space.work('000001', 'twins', 'json').exists()

"""Building the parts: whole or not at all, and only what is missing."""
import errno

import pytest

from mmrice.datasets.mini import build
from mmrice.datasets.mini.build import Part, build_part, locked, made_counts, prepare_mini
from mmrice.utils import UserError


def write_one(archives, folder):
    (folder / 'a.txt').write_text('new')
    return dict(files=1)


@pytest.fixture
def two_parts(monkeypatch):
    """Replace the real parts by two small ones; returns the list of parts written."""
    written = []

    def part(name):
        def write(archives, folder):
            written.append(name)
            return write_one(archives, folder)
        return Part(name, dict(seed=0), write)

    monkeypatch.setattr(build, 'parts_of', lambda *_: [part('one'), part('two')])
    monkeypatch.setattr(build, 'fetch_packages', lambda *_: {})
    return written


def test_a_second_run_builds_nothing_and_a_missing_part_alone_is_built_again(two_parts, tmp_path):
    assert prepare_mini(tmp_path) == dict(one=dict(files=1), two=dict(files=1))
    assert prepare_mini(tmp_path) == dict(one=dict(files=1), two=dict(files=1))
    assert two_parts == ['one', 'two']
    (tmp_path / 'two' / build.STAMP).unlink()
    prepare_mini(tmp_path)
    assert two_parts == ['one', 'two', 'two']


def test_other_parameters_replace_the_part(tmp_path):
    build_part(Part('one', dict(seed=0), write_one), {}, tmp_path)
    (tmp_path / 'one' / 'stale.txt').write_text('old')
    assert made_counts(tmp_path / 'one', dict(seed=1)) is None
    build_part(Part('one', dict(seed=1), write_one), {}, tmp_path)
    assert made_counts(tmp_path / 'one', dict(seed=1)) == dict(files=1)
    assert not (tmp_path / 'one' / 'stale.txt').exists()


def test_a_part_that_fails_leaves_the_old_one_and_nothing_else(tmp_path):
    def full_disk(archives, folder):
        write_one(archives, folder)
        raise OSError(errno.ENOSPC, 'No space left on device')

    build_part(Part('one', dict(seed=0), write_one), {}, tmp_path)
    with pytest.raises(OSError, match='No space left'):
        build_part(Part('one', dict(seed=1), full_disk), {}, tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ['one']
    assert made_counts(tmp_path / 'one', dict(seed=0)) == dict(files=1)


def test_leftovers_of_a_killed_run_are_swept(two_parts, tmp_path):
    (tmp_path / '.tmp-scenes-abc').mkdir()
    (tmp_path / '.tmp-scenes-abc' / 'half.jpg').write_bytes(b'half')
    prepare_mini(tmp_path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ['.lock', 'one', 'two']


def test_a_second_run_at_the_same_time_is_refused(tmp_path):
    with locked(tmp_path), pytest.raises(UserError, match='another run is building there'), locked(tmp_path):
        pytest.fail('entered twice')


def test_a_folder_that_cannot_be_made_is_named(two_parts, tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(UserError, match='file/mini: cannot write there'):
        prepare_mini(tmp_path / 'file' / 'mini')


@pytest.mark.parametrize('bad, message', [(dict(num_train=0), '--num-train 0'), (dict(num_val=-1), '--num-val -1'),
                                          (dict(size=10), '--size 10'), (dict(seed=-1), '--seed -1')])
def test_bad_parameters_are_named_before_anything_is_fetched(two_parts, tmp_path, bad, message):
    with pytest.raises(UserError, match=message):
        prepare_mini(tmp_path, **bad)
    assert not two_parts and not list(tmp_path.iterdir())

import pytest

from mmrice.data_engine import ticks
from mmrice.data_engine.ticks import counting, images_underway, tick
from mmrice.data_engine.workspace import read_tar, write_tar


@pytest.fixture(autouse=True)
def tell_at_once(monkeypatch):
    monkeypatch.setattr(ticks, '_SECONDS', 0)


def test_images_that_a_job_reads_are_counted_while_it_runs(tmp_path):
    write_tar(tmp_path / '0.tar', [('a', b'1'), ('b', b'2'), ('c', b'3')])
    folder, seen = tmp_path / 'ticks', []
    folder.mkdir()
    (folder / 'other').write_text('10')
    (folder / 'just begun').touch()
    with counting(folder / 'mine'):
        for _ in read_tar(tmp_path / '0.tar'):
            seen.append(images_underway(folder))
        assert images_underway(folder) == 13
    assert seen == [10, 11, 12] and images_underway(folder) == 10


def test_outside_a_job_nothing_is_counted(tmp_path):
    tick()
    assert images_underway(tmp_path / 'none') == 0


def test_a_folder_that_cannot_be_written_does_not_stop_the_job(tmp_path):
    (tmp_path / 'file').touch()
    with counting(tmp_path / 'file' / 'x' / 'mine'):
        tick()
    assert images_underway(tmp_path / 'file') == 0

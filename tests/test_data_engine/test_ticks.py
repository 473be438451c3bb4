import cv2
import numpy as np
import pytest

from mmrice.data_engine import ticks
from mmrice.data_engine.proposers import Proposals
from mmrice.data_engine.stages.ocr import ocr_shard
from mmrice.data_engine.stages.propose import propose_shard
from mmrice.data_engine.ticks import counting, images_underway, tick
from mmrice.data_engine.workspace import Workspace, read_tar, write_json, write_tar


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


@pytest.mark.parametrize('stage', [propose_shard, ocr_shard])
def test_a_stage_counts_each_image_once(tmp_path, stage):
    space, seen = Workspace(tmp_path), []
    jpeg = cv2.imencode('.jpg', np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    write_tar(space.tar('0'), [(key, jpeg) for key in 'abc'])
    space.work().mkdir()
    write_json(space.work('0', 'ingest', 'json'), {'images': [{'key': key} for key in 'abc']})

    def part(*_):
        seen.append(images_underway(tmp_path / 'ticks'))
        return Proposals(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 0) if stage is propose_shard else []

    with counting(tmp_path / 'ticks' / 'mine'):
        stage(part, space, '0', None)
    assert seen == [0, 1, 2]

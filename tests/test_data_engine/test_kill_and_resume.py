"""A build that is killed and run again ends as if nothing had happened."""
import copy
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from killing import build, state

ROOT = Path(__file__).resolve().parents[2]
MOST_ATTEMPTS = 60


def stamps(out):
    return list(out.glob('.work/*.stamp.json'))


@pytest.fixture
def small(engine):
    """An engine with five or more shards, and quick proposals."""
    return {**engine, 'ingest': {**engine['ingest'], 'images_per_shard': 2},
            'propose': {**engine['propose'], 'work_edge': 64}}


def test_a_build_that_is_killed_at_random_moments_ends_byte_for_byte_the_same(small, tmp_path, monkeypatch):
    context = multiprocessing.get_context('forkserver')  # children start in no time: the moments are within the build
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join(sys.path))
    context.set_forkserver_preload(['faiss', 'pandas', 'skimage.segmentation', 'torchvision', __name__])

    def run(out, moment=None):
        """Run a build, to the end or to a moment; returns whether it ended by itself."""
        process = context.Process(target=build, args=(small, out))
        process.start()
        process.join(moment)
        ended = process.exitcode is not None
        process.kill()
        process.join()
        assert not ended or process.exitcode == 0
        return ended

    run(tmp_path / 'warm')
    begin = time.monotonic()
    run(tmp_path / 'whole')
    duration, expected = time.monotonic() - begin, state(tmp_path / 'whole')
    assert len(stamps(tmp_path / 'whole')) >= 4 * 5 + 1
    rng, kills = random.Random(0), 0
    for number in range(6):
        attempts = 1
        while not run(tmp_path / f'killed{number}', rng.uniform(0, duration)):
            attempts += 1
            assert attempts < MOST_ATTEMPTS, 'a build that is run again makes no progress'
        kills += attempts - 1
        assert state(tmp_path / f'killed{number}') == expected
    assert kills >= 3


def test_a_tool_whose_group_or_parent_is_killed_leaves_no_worker_and_ends_the_same(small, tmp_path):
    (tmp_path / 'config.py').write_text(f'engine = {small!r}\n')
    build(small, tmp_path / 'whole')
    env = {**os.environ, 'PYTHONPATH': os.pathsep.join([str(ROOT), os.environ.get('PYTHONPATH', '')])}
    rng, out = random.Random(1), tmp_path / 'killed'
    for kill, done in ((os.killpg, rng.randint(0, 9)), (os.kill, rng.randint(10, 19))):
        process = subprocess.Popen(
            [sys.executable, ROOT / 'tools' / 'build_region_data.py', tmp_path / 'config.py', '--out', out,
             '--num-workers', '2'], env=env, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        while len(stamps(out)) < done:
            assert process.poll() is None, process.communicate()[0].decode()
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.02))
        kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)  # returns when the last process that holds its stdout has ended
        assert process.returncode == -signal.SIGKILL
    build(small, out)
    assert state(out) == state(tmp_path / 'whole')


@pytest.mark.parametrize('stage, change', [
    ('ingest', {'quality': 60, 'max_edge': 100}), ('propose', {'max_regions': 3}),
    ('embed', {'weights': [0.2, 0.6, 0.2]}), ('cluster', {'num_clusters': 5}), ('label', {'top_k': 1})])
def test_outputs_without_their_stamp_are_made_anew(engine, tmp_path, kill_before_stamp, stage, change):
    kill_before_stamp(stage, engine, tmp_path / 'out')
    build(engine, tmp_path / 'out')
    build(engine, tmp_path / 'whole')
    expected = state(tmp_path / 'whole')
    assert state(tmp_path / 'out') == expected
    other = copy.deepcopy(engine)
    other[stage].update(change)
    kill_before_stamp(stage, other, tmp_path / 'out')  # the outputs of other settings beside the stamp of the old ones
    assert not (tmp_path / 'out' / 'meta.json').exists()
    build(engine, tmp_path / 'out')
    assert state(tmp_path / 'out') == expected

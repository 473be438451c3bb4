"""Real Ray, started on this machine with two workers: some seconds for each call of ``map``."""
import importlib.util
import os
import pickle
import sys
import time
from pathlib import Path

import pytest

from mmrice.data_engine.build import Build
from mmrice.data_engine.executors import LocalExecutor, RayExecutor, ray_cluster, ray_data
from mmrice.utils import UserError

pytestmark = pytest.mark.skipif(importlib.util.find_spec('ray') is None, reason='Ray is not installed')


@pytest.fixture(scope='module')
def two_workers():
    with RayExecutor(2) as executor:
        yield executor


def contents(out):
    """What a build wrote; stamps hold dates."""
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob('*'))
            if path.is_file() and not path.name.endswith('.stamp.json')}


def meet_or_fail(number):
    """The first two jobs wait for each other in the current folder, which takes two workers."""
    if number < 2:
        Path(f'job{number}').touch()
        end = time.monotonic() + 60
        while not Path(f'job{1 - number}').exists() and time.monotonic() < end:
            time.sleep(0.05)
    if number == 6:
        raise UserError('shard 000006: no such image.')
    return os.getpid(), os.environ['OPENBLAS_NUM_THREADS'], os.getcwd()


def elsewhere(_):
    return 'node7'


@pytest.fixture
def local():
    with LocalExecutor(2) as executor:
        yield executor


def test_a_build_on_ray_equals_local_ones_byte_for_byte(two_workers, local, engine, photo_folder, tmp_path,
                                                        monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine['ingest']['sources'] = {'photos': photo_folder.name}  # relative, as configs have it
    for name, executor in (('here', LocalExecutor(0)), ('local', local), ('ray', two_workers)):
        Build(engine, Path(name), executor).run()
    built = contents(tmp_path / 'ray')
    assert {'000002.tar', '000002.regions.parquet', 'centers.npy', '.work/000002.embed.npy'} <= built.keys()
    assert built == contents(tmp_path / 'here') == contents(tmp_path / 'local')


def test_two_workers_share_the_jobs_and_an_error_of_one_is_raised_here(two_workers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = {}
    with pytest.raises(UserError, match=r'^shard 000006: no such image\.$') as caught:
        for number, state in two_workers.map(meet_or_fail, range(7)):
            done[number] = state
    assert len(done) >= 4 and {state[1:] for state in done.values()} == {('1', str(tmp_path))}
    assert len({done[0][0], done[1][0], os.getpid()}) == 3
    assert 'in meet_or_fail' in str(caught.value.__cause__)


def test_a_worker_that_dies_again_and_again_is_reported(two_workers, monkeypatch):
    monkeypatch.setattr(ray_data, 'RETRIES', 0)
    with pytest.raises(UserError, match='Ray could not finish the jobs .*a smaller --num-workers'):
        list(two_workers.map(os._exit, [9]))


def test_a_node_that_does_not_share_the_output_folder_is_named(two_workers, tmp_path, monkeypatch):
    ray, started = ray_cluster.connect(None, two_workers.needs, 2)
    two_workers._started |= started
    nodes = ray_cluster.room_for_workers(ray, two_workers.needs)
    assert list(nodes.values()) == [2]
    ray_cluster.check_nodes(ray, nodes, tmp_path)
    monkeypatch.setattr(ray_cluster, 'missing_here', elsewhere)
    with pytest.raises(UserError, match=f'{tmp_path}: the output folder is not shared with node node7'):
        ray_cluster.check_nodes(ray, nodes, tmp_path)
    with pytest.raises(UserError, match='a worker, which books CPU 1, tape 2. The nodes have: CPU 2'):
        list(RayExecutor(1, resources={'tape': 2}).map(abs, [1]))
    assert not list(tmp_path.iterdir())


def test_a_file_that_a_node_does_not_see_is_waited_for_and_then_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(ray_cluster, '_PATIENCE', 0.1)
    assert ray_cluster.missing_here(str(tmp_path)) is None
    assert ray_cluster.missing_here(str(tmp_path / 'none'))


def test_a_worker_says_that_the_current_folder_is_not_on_its_node(tmp_path):
    outcome = pickle.loads(ray_data._Worker(abs, str(tmp_path / 'none'))({'number': 0, 'job': b''})['outcome'])
    with pytest.raises(UserError, match='none: the current folder, which is not on node'):
        outcome.get()


@pytest.mark.parametrize('arguments, message', [
    ({'num_workers': 0}, '--num-workers is 0, expected 1 or more with Ray'),
    ({'num_cpus': 0}, 'expected numbers, 0 or more'), ({'num_gpus': 'all'}, 'expected numbers, 0 or more')])
def test_wrong_settings_are_refused(arguments, message):
    with pytest.raises(UserError, match=message):
        RayExecutor(**arguments)


def test_a_missing_ray_or_cluster_is_reported(monkeypatch):
    import ray

    def init(**options):
        raise ConnectionError('Could not find any running Ray instance.\nMore lines')

    monkeypatch.setattr(ray, 'is_initialized', lambda: False)
    monkeypatch.setattr(ray, 'init', init)
    with pytest.raises(UserError, match=r'Ray at auto cannot be used: Could not find any running Ray instance\.$'):
        list(RayExecutor(address='auto').map(abs, [1]))
    monkeypatch.setitem(sys.modules, 'ray', None)
    with pytest.raises(UserError, match=r'ray, which is not installed. Install it with `pip install ray\[data\]`'):
        list(RayExecutor().map(abs, [1]))

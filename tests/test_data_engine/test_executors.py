import operator
import os
import signal
import time

import pytest

from mmrice.data_engine.executors import LocalExecutor
from mmrice.utils import UserError, atomic_path


class Unpicklable(Exception):
    def __init__(self, shard, reason):
        super().__init__(f'shard {shard}: {reason}')


def worker_state(_):
    return os.getpid(), os.environ.get('OMP_NUM_THREADS'), signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def fail(error):
    if error == 'user':
        raise UserError('a.json: no such field.')
    raise Unpicklable(3, 'out of paper')


def write_slowly(path):
    """Ends at once without a path."""
    if path is not None:
        with atomic_path(path) as temporary:
            temporary.write_text('half')
            time.sleep(100)


@pytest.fixture(scope='module')
def pool():
    with LocalExecutor(1) as executor:
        yield executor


def test_jobs_run_in_this_process_without_workers():
    with LocalExecutor(0) as executor:
        assert list(executor.map(operator.neg, [1, 2, 3])) == [(1, -1), (2, -2), (3, -3)]
        assert next(executor.map(worker_state, [0]))[1][0] == os.getpid()


def test_workers_are_other_processes_with_one_thread_that_serve_all_stages_and_leave_ctrl_c_to_it(monkeypatch):
    monkeypatch.setenv('OMP_NUM_THREADS', '7')
    with LocalExecutor(1) as executor:
        pid, *rest = next(executor.map(worker_state, [0]))[1]
        assert pid != os.getpid() and rest == ['1', True] and os.environ['OMP_NUM_THREADS'] == '7'
        assert sorted(executor.map(operator.neg, [1, 2, 3])) == [(1, -1), (2, -2), (3, -3)]
        assert next(executor.map(worker_state, [0]))[1][0] == pid
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_any_number_of_jobs_is_taken_as_workers_become_free(pool):
    taken = []
    results = pool.map(operator.neg, (taken.append(number) or number for number in range(1000)))
    first = next(results)[1]
    assert len(taken) == 2
    assert first + sum(result for _, result in results) == -sum(range(1000)) and len(taken) == 1000


@pytest.mark.parametrize('kind, expected, message', [
    ('user', UserError, r'a\.json: no such field\.$'), ('other', RuntimeError, 'Unpicklable: shard 3: out of paper')])
def test_an_error_of_a_job_is_raised_here_with_the_traceback_of_its_worker(pool, kind, expected, message):
    with pytest.raises(expected, match=message) as caught:
        list(pool.map(fail, [kind]))
    assert 'in fail' in str(caught.value.__cause__)


def test_an_interrupted_job_is_stopped_and_leaves_nothing_half_written(pool, tmp_path):
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt), pool:
        for job, _ in pool.map(write_slowly, [None, tmp_path / 'shard']):
            assert job is None
            while not list(tmp_path.iterdir()):
                time.sleep(0.01)
            raise KeyboardInterrupt
    assert not list(tmp_path.iterdir()) and time.monotonic() - start < 50


def test_a_worker_that_is_killed_is_reported_and_replaced(pool):
    with pytest.raises(UserError, match='a worker process was killed'):
        list(pool.map(os._exit, [9]))
    assert list(pool.map(operator.neg, [1])) == [(1, -1)]


def test_a_negative_number_of_workers_is_refused():
    with pytest.raises(UserError, match='num-workers is -1'):
        LocalExecutor(-1)

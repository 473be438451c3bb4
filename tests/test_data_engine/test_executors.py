import operator
import os

import pytest

from mmrice.data_engine.executors import LocalExecutor
from mmrice.utils import UserError


def worker_state(_):
    return os.getpid(), os.environ.get('OMP_NUM_THREADS')


def test_jobs_run_in_this_process_without_workers():
    with LocalExecutor(0) as executor:
        assert list(executor.map(operator.neg, [1, 2, 3])) == [(1, -1), (2, -2), (3, -3)]
        assert next(executor.map(worker_state, [0]))[1][0] == os.getpid()


def test_workers_are_other_processes_with_one_thread_and_serve_all_stages(monkeypatch):
    monkeypatch.setenv('OMP_NUM_THREADS', '7')
    with LocalExecutor(1) as executor:
        pid, threads = next(executor.map(worker_state, [0]))[1]
        assert pid != os.getpid() and threads == '1' and os.environ['OMP_NUM_THREADS'] == '7'
        assert sorted(executor.map(operator.neg, [1, 2, 3])) == [(1, -1), (2, -2), (3, -3)]
        assert next(executor.map(worker_state, [0]))[1][0] == pid
        with pytest.raises(ZeroDivisionError):
            list(executor.map((1).__floordiv__, [0, 1]))
        with pytest.raises(UserError, match='a worker process was killed'):
            list(executor.map(os._exit, [9]))


def test_a_negative_number_of_workers_is_refused():
    with pytest.raises(UserError, match='num-workers is -1'):
        LocalExecutor(-1)

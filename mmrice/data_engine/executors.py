"""Run one function on many jobs."""
import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Callable, Iterator, Optional, Sequence, Tuple

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

_THREADS = ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS')


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


def _start_worker() -> None:
    """Use one thread, and end with the parent: a killed build leaves no worker behind."""
    import cv2
    cv2.setNumThreads(1)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes started meanwhile use one thread for their maths; they read this before they import numpy."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, '1'))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@ENGINE_STAGES.register_module()
class LocalExecutor:
    """Processes of this machine. They start with the first job and serve all stages.

    Args:
        num_workers: Processes; 0 runs the jobs in this process, None takes one for each core.
    """

    def __init__(self, num_workers: Optional[int] = None) -> None:
        self.num_workers = _cores() if num_workers is None else num_workers
        if self.num_workers < 0:
            raise UserError(f'--num-workers is {num_workers}, expected 0 or more.')
        self._pool: Optional[ProcessPoolExecutor] = None

    def map(self, function: Callable[[Any], Any], jobs: Sequence[Any]) -> Iterator[Tuple[Any, Any]]:
        """Yield each job with its result, in the order in which they end.

        Args:
            function: Importable by name; called with one job.
            jobs: Picklable.

        Raises:
            UserError: A worker was killed from outside.
        """
        if self.num_workers == 0:
            for job in jobs:
                yield job, function(job)
            return
        if self._pool is None:
            # Spawned, not forked: a fork of a process with running OpenMP threads can hang.
            self._pool = ProcessPoolExecutor(self.num_workers, multiprocessing.get_context('spawn'), _start_worker)
        with _one_thread():
            futures = {self._pool.submit(function, job): job for job in jobs}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool as error:
            raise UserError('a worker process was killed, most likely for want of memory. Finished shards are kept: '
                            'run the command again, with a smaller --num-workers.') from error
        finally:
            for future in futures:
                future.cancel()

    def __enter__(self) -> 'LocalExecutor':
        return self

    def __exit__(self, *_: Any) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

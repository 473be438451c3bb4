"""Jobs on the processes of this machine."""
import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import Any, Callable, Iterable, Iterator, Optional, Sequence, Tuple

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from .worker import ONE_THREAD, Outcome, attempt, available_cores, environment

_PATIENCE = 5  # seconds for a stopped worker to remove what it has half written


@ENGINE_STAGES.register_module()
class LocalExecutor:
    """Processes of this machine. They start with the first job and serve all stages.

    When a job fails or the build is interrupted, jobs that still run are stopped and their half-written files removed.

    Args:
        num_workers: Processes; 0 runs the jobs in this process, None takes one for each core.
        imports: Modules that workers import first: those that register the parts of a project.
    """

    def __init__(self, num_workers: Optional[int] = None, imports: Sequence[str] = ()) -> None:
        self.num_workers = available_cores() if num_workers is None else num_workers
        if self.num_workers < 0:
            raise UserError(f'--num-workers is {num_workers}, expected 0 or more.')
        self.imports = tuple(imports)
        self._pool: Optional[ProcessPoolExecutor] = None

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Tuple[Any, Any]]:
        """Yield each job with its result, in the order in which they end.

        Args:
            function: Importable by name; called with one job.
            jobs: Picklable. Taken as workers become free, so that there may be any number.

        Raises:
            UserError: A worker was killed from outside.
            Exception: What a job raised.
        """
        if self.num_workers == 0:
            for job in jobs:
                yield job, function(job)
            return
        if self._pool is None:
            # Spawned, not forked: a fork of a process with running OpenMP threads can hang.
            self._pool = ProcessPoolExecutor(self.num_workers, multiprocessing.get_context('spawn'), _start_worker)
        waiting, running = iter(jobs), {}
        try:
            while True:
                for job in islice(waiting, 2 * self.num_workers - len(running)):
                    with _workers_start():
                        running[self._pool.submit(_work, function, job, self.imports)] = job
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result().get()
        except BrokenProcessPool as error:
            self._pool = None
            raise UserError('a worker process was killed, most likely for want of memory. Finished shards are kept: '
                            'run the command again, with a smaller --num-workers.') from error
        finally:
            for future in running:
                future.cancel()

    def __enter__(self) -> 'LocalExecutor':
        return self

    def __exit__(self, error: Any, *_: Any) -> None:
        if self._pool is not None:
            pool, self._pool = self._pool, None
            if error is not None:
                _stop(pool)
            pool.shutdown(cancel_futures=True)


@contextmanager
def _workers_start() -> Iterator[None]:
    """Processes started meanwhile use one thread, and leave Ctrl-C, which reaches the whole group, to their parent."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with environment(ONE_THREAD):
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker() -> None:
    """Use one thread, end in order when stopped, and end with the parent: a killed build leaves no worker behind."""
    import cv2
    cv2.setNumThreads(1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    parent = multiprocessing.parent_process()

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _work(function: Callable[[Any], Any], job: Any, imports: Sequence[str]) -> Outcome:
    try:
        return attempt(function, job, imports)
    except SystemExit:  # stopped; what was half written is removed by now
        os._exit(1)


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the workers, those that run a job included."""
    processes = list((pool._processes or {}).values())
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(_PATIENCE)
        process.kill()

"""What the command lines of experiment projects share: jobs shown or run, and what is said at the end."""
import os
import signal
import sys
import time
from pathlib import Path
from typing import Dict, Iterable, List, NamedTuple, Optional

from .errors import UserError
from .job_pool import Job, Pool, texts


class Ended(NamedTuple):
    """How the jobs ended.

    Attributes:
        failed: Names of those that failed or waited for one that did.
        workers: How many ran at once.
        seconds: All together.
    """
    failed: List[str]
    workers: int
    seconds: float


def show_jobs(jobs: Iterable[Job]) -> None:
    """Print names and commands."""
    for job in jobs:
        print('\n  $ '.join([job.name, *texts(job)]))


def need_files(paths: Iterable[str], readme: str) -> None:
    """See that the data is there.

    Args:
        paths: Files.
        readme: That says how to make them.

    Raises:
        UserError: One is missing.
    """
    for path in paths:
        if not Path(path).is_file():
            raise UserError(f'{path}: no such file. {readme} says how to make it.')


def run_jobs(jobs: Dict[str, Job], out: Path, workers: Optional[int] = None) -> Ended:
    """Run what is not done, see :class:`.job_pool.Pool`; SIGTERM ends the running jobs, too.

    Args:
        jobs: Name -> job.
        out: Folder of the runs.
        workers: Jobs at once. Defaults to None: the cores, 14 at most, since each starts loaders of its own.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    workers, begin = workers or min(cores, 14), time.monotonic()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    return Ended(Pool(jobs, out, workers).run(), workers, time.monotonic() - begin)


def check_ended(ended: Ended, out: Path, result: Path) -> None:
    """Complain where a job failed.

    Args:
        ended: Of :func:`run_jobs`.
        out: Folder of the runs.
        result: What was written of those that did not.

    Raises:
        UserError: One did.
    """
    if ended.failed:
        raise UserError(f'{len(ended.failed)} jobs failed: {" ".join(ended.failed)}. Logs are in {out / "logs"}; run '
                        f'the same command again for what is missing. What there is: {result}')

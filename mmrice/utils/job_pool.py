"""Run jobs of an experiment, several at once; what has ended well is not run again."""
import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, List, Set, Tuple

from .atomic import atomic_write
from .errors import UserError

_POLL = 0.2  # seconds
STAMP = 'job.json'


@dataclass(frozen=True)
class Job:
    """Commands that make a file, one after the other.

    Attributes:
        name: Its folder in the output folder.
        commands: Arguments; a first ``python`` stands for the running interpreter.
        output: What the last command leaves, relative to the output folder.
        needs: Names of the jobs that come first.
    """
    name: str
    commands: Tuple[Tuple[str, ...], ...]
    output: str
    needs: Tuple[str, ...] = ()


class Pool:
    """Runs jobs that wait for each other.

    A job that ended well leaves ``job.json`` (its commands and seconds) in its folder; with that and its output there,
    it is not run again, unless one that it needs is, or has been since. What a killed job had begun is run again from
    its start.

    Args:
        jobs: Name -> job; the first that is ready starts first.
        out: Folder of their folders; logs are ``logs/<name with dots>.log``.
        workers: Jobs at once.
        threads: Of the maths of each process.

    Raises:
        UserError: A job needs one that is not among them.
    """

    def __init__(self, jobs: Dict[str, Job], out: Path, workers: int, threads: int = 1) -> None:
        unknown = sorted({need for job in jobs.values() for need in job.needs} - set(jobs))
        if unknown:
            raise UserError(f'job {unknown[0]} is needed, but not among the jobs.')
        self.jobs, self.out, self.workers = jobs, Path(out), workers
        self.env = {**os.environ, 'PYTHONUNBUFFERED': '1', 'OMP_NUM_THREADS': str(threads)}
        self.running: Dict[str, Running] = {}
        self.failed: List[str] = []

    def is_done(self, name: str) -> bool:
        """Whether a job has ended well, with the same commands."""
        stamp, job = self.out / name / STAMP, self.jobs[name]
        if not stamp.is_file() or not (self.out / job.output).exists():
            return False
        return json.loads(stamp.read_text(encoding='utf-8'))['commands'] == texts(job)

    def _stands(self, name: str) -> bool:
        """Whether all that a job needs ended well before it did, and likewise theirs."""
        for need in self.jobs[name].needs:
            if not self.is_done(need) or not self._stands(need) or self._ended_at(need) > self._ended_at(name):
                return False
        return True

    def _ended_at(self, name: str) -> int:
        return (self.out / name / STAMP).stat().st_mtime_ns

    def log(self, name: str) -> Path:
        """The log of a job."""
        return self.out / 'logs' / f'{name.replace("/", ".")}.log'

    def run(self) -> List[str]:
        """Run what is not done.

        Returns:
            list: The jobs that failed, and those that waited for them.
        """
        done = {name for name in self.jobs if self.is_done(name) and self._stands(name)}
        waiting, begin = [name for name in self.jobs if name not in done], time.monotonic()
        print(f'{len(waiting)} of {len(self.jobs)} jobs to run, {self.workers} at once', flush=True)
        try:
            while waiting or self.running:
                self._start(waiting, done)
                for name, seconds in self._ended():
                    ok = name not in self.failed
                    if ok:
                        done.add(name)
                    print(f'{time.monotonic() - begin:6.0f} s  {name}: '
                          + (f'{seconds:.0f} s' if ok else f'FAILED, see {self.log(name)}')
                          + f'  ({len(done)}/{len(self.jobs)})', flush=True)
                lost = [name for name in waiting if set(self.jobs[name].needs) & set(self.failed)]
                self.failed += lost
                waiting = [name for name in waiting if name not in lost]
                time.sleep(_POLL)
        finally:
            for running in self.running.values():
                running.signal(signal.SIGTERM)
            for running in self.running.values():
                running.stop()
        return self.failed

    def _start(self, waiting: List[str], done: Set[str]) -> None:
        ready = [name for name in waiting if set(self.jobs[name].needs) <= done]
        for name in ready[:self.workers - len(self.running)]:
            waiting.remove(name)
            (self.out / name).mkdir(parents=True, exist_ok=True)
            (self.out / name / STAMP).unlink(missing_ok=True)
            self.running[name] = Running(self.jobs[name], self.log(name), self.env)

    def _ended(self) -> Iterable:
        for name, running in list(self.running.items()):
            if not running.step():
                continue
            del self.running[name]
            seconds = time.monotonic() - running.begin
            if running.process.returncode or not (self.out / self.jobs[name].output).exists():
                self.failed.append(name)
            else:
                content = dict(commands=texts(self.jobs[name]), seconds=round(seconds, 1))
                with atomic_write(self.out / name / STAMP, encoding='utf-8') as stream:
                    stream.write(json.dumps(content, indent=2) + '\n')
            yield name, seconds


class Running:
    """A job at work: its commands in turn, into one log.

    Args:
        job: The job.
        log: Its log; overwritten.
        env: Environment of the commands.
    """

    def __init__(self, job: Job, log: Path, env: Dict[str, str]) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.left, self.env, self.begin = list(job.commands), env, time.monotonic()
        self.stream = open(log, 'w', encoding='utf-8')  # noqa: SIM115 (the job holds it)
        self._next()

    def step(self) -> bool:
        """Go on where a command has ended; whether all have, or one failed."""
        if self.process.poll() is None:
            return False
        if self.process.returncode == 0 and self.left:
            self._next()
            return False
        self.stream.close()
        return True

    def stop(self) -> None:
        """Wait a little for its end, then end it."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.signal(signal.SIGKILL)  # and what outlives it: loaders that wait for somebody to read
        self.process.wait()
        self.stream.close()

    def signal(self, number: int) -> None:
        """Send a signal to the command and all that it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def _next(self) -> None:
        command = self.left.pop(0)
        print(f'$ {shlex.join(command)}', file=self.stream, flush=True)
        command = [sys.executable, *command[1:]] if command[0] == 'python' else list(command)
        self.process = subprocess.Popen(command, stdout=self.stream, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL, env=self.env, start_new_session=True)


def texts(job: Job) -> List[str]:
    """The commands of a job as they can be pasted into a shell."""
    return [shlex.join(command) for command in job.commands]


def near(path: Path) -> str:
    """A path as one would type it here: relative where that is shorter."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith('..') else relative

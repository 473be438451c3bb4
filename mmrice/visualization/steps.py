"""Run commands one after the other, and do not repeat what is done."""
import fcntl
import hashlib
import json
import shlex
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from mmrice.utils import UserError, atomic_write

from .live_progress import LiveProgress, clock
from .run_command import run_command, tail


@dataclass(frozen=True)
class Step:
    """A command that makes files.

    Attributes:
        name: Short, for logs and ``--steps``.
        title: For people.
        command: Arguments; a first ``python`` stands for the running interpreter.
        outputs: Files that it leaves.
        needs: Names of earlier steps whose outputs it reads.
        settings: Text that the command depends on besides its arguments, e.g. a config with all it inherits.
        seconds: What it takes as a rule.
    """
    name: str
    title: str
    command: Tuple[str, ...]
    outputs: Tuple[Path, ...]
    needs: Tuple[str, ...] = ()
    settings: str = ''
    seconds: float = 60.

    @property
    def text(self) -> str:
        """The command as it can be pasted into a shell."""
        return shlex.join(self.command)


class Steps:
    """Steps with their logs (``logs/NN_name.log``) and stamps (``stamps/name.json``) in a folder.

    A stamp says that a step has ended well, for which command, settings and stamps of what it needs, and how long it
    took. A step is complete when its stamp fits and its outputs are there.

    Args:
        steps: In order; what a step needs stands before it.
        folder: For logs and stamps.
    """

    def __init__(self, steps: Sequence[Step], folder: Path) -> None:
        self.steps = {step.name: step for step in steps}
        self.folder = Path(folder)
        self.keys: Dict[str, str] = {}
        for step in steps:
            content = [step.command, step.settings, [self.keys[name] for name in step.needs]]
            self.keys[step.name] = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]

    def seconds(self, name: str) -> Optional[float]:
        """What a step took when it last ended well with the present settings, or None."""
        stamp = self._stamp(name)
        return stamp['seconds'] if stamp and stamp['key'] == self.keys[name] else None

    def is_complete(self, name: str) -> bool:
        """Whether a step has ended well with the present settings and its outputs are still there."""
        stamp = self._stamp(name)
        return bool(stamp) and stamp['key'] == self.keys[name] and all(
            path.exists() for path in self.steps[name].outputs)

    def run(self, names: Sequence[str], resume: bool = False) -> List[str]:
        """Run steps.

        Args:
            names: Steps to run, in any order.
            resume: Leave out complete ones, unless something that they need is run again.

        Returns:
            list: The steps that were run.

        Raises:
            UserError: A step failed, or what it needs is missing.
        """
        chosen = [name for name in self.steps if name in names]
        todo: List[str] = []
        for name in chosen:
            if not resume or not self.is_complete(name) or set(self.steps[name].needs) & set(todo):
                todo.append(name)
        expected = {name: self.seconds(name) or self.steps[name].seconds for name in todo}
        begin, pace = time.monotonic(), _Pace()
        with self._lock():
            for name in chosen:
                step, log = self.steps[name], self._log_path(name)
                heading = f'[{list(self.steps).index(name) + 1}/{len(self.steps)}] {step.title}'
                if name not in todo:
                    print(f'\n{heading}: complete, not repeated', flush=True)
                    continue
                own, after = (pace.factor * part for part in (
                    expected[name], sum(expected[other] for other in todo[todo.index(name) + 1:])))
                spent = clock(time.monotonic() - begin)
                print(f'\n{heading} ({spent} since the start, about {clock(own + after)} left)\n$ {step.text}',
                      flush=True)
                self._check_needs(step)
                seconds = self._run_one(step, log, own, after)
                pace.add(expected[name], seconds)
                print(f'  done in {clock(seconds)}, log: {log}', flush=True)
        return todo

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / '.lock', 'w', encoding='utf-8') as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UserError(f'{self.folder}: steps are running here already. Wait for them, or choose another '
                                '--work-dir.') from error
            yield

    def _dependents(self, name: str) -> List[str]:
        """Steps that read, directly or not, what a step makes."""
        found = [name]
        for step in self.steps.values():
            if set(step.needs) & set(found):
                found.append(step.name)
        return found[1:]

    def _log_path(self, name: str) -> Path:
        return self.folder / 'logs' / f'{list(self.steps).index(name) + 1:02d}_{name}.log'

    def _stamp_path(self, name: str) -> Path:
        return self.folder / 'stamps' / f'{name}.json'

    def _stamp(self, name: str) -> Optional[dict]:
        try:
            stamp = json.loads(self._stamp_path(name).read_text(encoding='utf-8'))
            return stamp if {'key', 'seconds'} <= set(stamp) else None
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def _check_needs(self, step: Step) -> None:
        for name in step.needs:
            for path in self.steps[name].outputs:
                if not path.exists():
                    raise UserError(f'{path}: no such file; step {step.name} reads it and step {name} makes it. '
                                    f'Add {name} to --steps.')

    def _run_one(self, step: Step, log: Path, expected: float, after: float) -> float:
        for name in (step.name, *self._dependents(step.name)):
            self._stamp_path(name).unlink(missing_ok=True)
        begin = time.monotonic()
        status = run_command(step.command, log, LiveProgress(log, expected, after))
        seconds = time.monotonic() - begin
        where = f'  command: {step.text}\n  log: {log}'
        if status:
            how = f'was killed by signal {-status}' if status < 0 else f'failed with exit status {status}'
            raise UserError(f'step {step.name} {how}. The end of its output:\n{tail(log)}\n{where}\n'
                            '  Go on from here with --resume.')
        for path in step.outputs:
            if not path.exists():
                raise UserError(f'step {step.name} ended well but left no {path}.\n{where}')
        stamp = {'key': self.keys[step.name], 'command': step.text, 'seconds': round(seconds, 1)}
        with atomic_write(self._stamp_path(step.name), encoding='utf-8') as stream:
            stream.write(json.dumps(stamp, indent=2) + '\n')
        return seconds


class _Pace:
    """How this machine compares with what is expected; it takes a few minutes to be believed."""
    PRIOR = 120.  # seconds as expected

    def __init__(self) -> None:
        self.expected = self.spent = self.PRIOR

    @property
    def factor(self) -> float:
        """Seconds spent for each expected one."""
        return self.spent / self.expected

    def add(self, expected: float, spent: float) -> None:
        """Take a finished step into account."""
        self.expected += expected
        self.spent += spent

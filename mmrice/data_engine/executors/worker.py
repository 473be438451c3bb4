"""What workers of every kind share: one thread each, and errors that travel."""
import importlib
import os
import pickle
import traceback
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, NamedTuple, Optional, Sequence

# Workers share the cores among themselves: the maths of each takes one.
ONE_THREAD = dict.fromkeys(('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'), '1')


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


@contextmanager
def environment(values: Dict[str, str]) -> Iterator[None]:
    """Environment variables for processes that start meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class WorkerTraceback(Exception):
    """The traceback of a worker, as the cause of the error that is raised here."""

    def __str__(self) -> str:
        return f'\n\n{self.args[0]}'


class Outcome(NamedTuple):
    """What became of a job: its result, or the error with its traceback. Always picklable when the result is."""
    result: Any = None
    error: Optional[Exception] = None
    trace: str = ''

    def get(self) -> Any:
        """The result.

        Raises:
            Exception: What the job raised.
        """
        if self.error is not None:
            raise self.error from WorkerTraceback(self.trace)
        return self.result


def attempt(function: Callable[[Any], Any], job: Any, imports: Sequence[str] = ()) -> Outcome:
    """Call a function; an error that cannot be pickled becomes a RuntimeError with its type and message.

    Args:
        function: Called with the job.
        job: Its argument.
        imports: Modules to import first: those that register the parts of a project.
    """
    try:
        for name in imports:
            importlib.import_module(name)
        return Outcome(function(job))
    except Exception as error:
        trace = traceback.format_exc()
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            error = RuntimeError(f'{type(error).__name__}: {error}')
        return Outcome(None, error, trace)

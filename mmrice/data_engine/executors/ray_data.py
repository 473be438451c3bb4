"""Jobs on a Ray cluster, by Ray Data."""
import os
import pickle
import platform
import warnings
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from .ray_cluster import (
    RETRIES,
    check_nodes,
    connect,
    describe_error,
    quiet_log,
    room_for_workers,
    worker_environment,
)
from .worker import Outcome, attempt


@ENGINE_STAGES.register_module()
class RayExecutor:
    """Workers of a Ray cluster, of one machine or many, fed and read through Ray Data.

    A worker keeps its models for all shards of a stage. All nodes must share a file system: they read the sources and
    write the output under the same paths as the machine that starts the build, and start in its current folder. They
    need the same Python environment. A job whose worker dies is tried again.

    Args:
        num_workers: Workers; None takes as many as the cluster has room for.
        address: None starts Ray on this machine and stops it at the end, 'auto' joins the cluster that runs here (or
            is named by RAY_ADDRESS), 'host:port' another one.
        num_cpus: Cores that each worker books; maths takes one thread whatever is booked.
        num_gpus: GPUs that each worker books; parts of one let several share it.
        resources: Custom resources that each worker books, {name: amount}.
        imports: Modules that workers import first: those that register the parts of a project.

    Example:
        >>> with RayExecutor(num_workers=8, address='auto', num_gpus=1) as executor:
        ...     Build(engine, out, executor).run()
    """

    def __init__(self, num_workers: Optional[int] = None, address: Optional[str] = None, num_cpus: float = 1,
                 num_gpus: float = 0, resources: Optional[Dict[str, float]] = None,
                 imports: Sequence[str] = ()) -> None:
        if num_workers is not None and num_workers < 1:
            raise UserError(f'--num-workers is {num_workers}, expected 1 or more with Ray.')
        self.num_workers, self.address, self.imports = num_workers, address, tuple(imports)
        self.needs = {'CPU': num_cpus, 'GPU': num_gpus, **(resources or {})}
        if not all(isinstance(amount, (int, float)) and amount >= 0 for amount in self.needs.values()) or not num_cpus:
            raise UserError(f'engine.executors.ray: a worker books {self.needs}, expected numbers, 0 or more, and more '
                            'than 0 of CPU.')
        self._started = False
        self._checked: Optional[Path] = None

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Tuple[Any, Any]]:
        """Yield each job with its result, in the order in which they end.

        Args:
            function: Importable by name; called with one job.
            jobs: Picklable. All are sent to Ray at the start.

        Raises:
            UserError: Ray is not installed or not to be reached, no node has room for a worker, a node does not share
                the files, or a worker dies again and again.
            Exception: What a job raised.
        """
        jobs = list(jobs)
        if not jobs:
            return
        ray, started = connect(self.address, self.needs, self.num_workers)
        self._started = self._started or started
        try:
            with quiet_log():
                nodes = room_for_workers(ray, self.needs)
                root = getattr(jobs[0], 'root', None)
                if root is not None and root != self._checked:
                    check_nodes(ray, nodes, root)
                    self._checked = root
                size = min(self.num_workers or sum(nodes.values()), len(jobs))
                for number, outcome in self._outcomes(ray, function, jobs, size):
                    yield jobs[number], outcome.get()
        except ray.exceptions.RayError as error:
            raise UserError(describe_error(error)) from error

    def _outcomes(self, ray: Any, function: Callable[[Any], Any], jobs: List[Any],
                  size: int) -> Iterator[Tuple[int, Outcome]]:
        """Run all jobs; yields the number of each with what became of it."""
        rows = [{'number': number, 'job': pickle.dumps(job)} for number, job in enumerate(jobs)]
        custom = {name: amount for name, amount in self.needs.items() if name not in ('CPU', 'GPU') and amount}
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', DeprecationWarning)  # max_task_retries has no other way in yet
            data = ray.data.from_items(rows, override_num_blocks=len(rows))  # a block a job: it is one task
            data.context.enable_progress_bars = data.context.print_on_execution_start = False
            data = data.map(
                _Worker, fn_constructor_args=(function, os.getcwd(), self.imports),
                compute=ray.data.ActorPoolStrategy(size=size, max_tasks_in_flight_per_actor=1),
                num_cpus=self.needs['CPU'], num_gpus=self.needs['GPU'] or None, resources=custom or None,
                runtime_env=worker_environment(), max_task_retries=RETRIES)
        batches = iter(data.iter_batches(batch_size=None, batch_format='pyarrow', prefetch_batches=0))
        try:
            for batch in batches:
                for row in batch.to_pylist():
                    yield row['number'], pickle.loads(row['outcome'])
        finally:
            batches.close()  # ends what still runs

    def __enter__(self) -> 'RayExecutor':
        return self

    def __exit__(self, *_: Any) -> None:
        if self._started:
            import ray
            ray.shutdown()
            self._started = False


class _Worker:
    """Runs jobs on a node; Ray makes one for each worker."""

    def __init__(self, function: Callable[[Any], Any], folder: str, imports: Sequence[str] = ()) -> None:
        import cv2
        cv2.setNumThreads(1)
        self.function, self.folder, self.imports = function, folder, imports

    def __call__(self, row: Dict[str, Any]) -> Dict[str, Any]:
        outcome = attempt(self._run, row['job'], self.imports)
        return {'number': row['number'], 'outcome': pickle.dumps(outcome)}

    def _run(self, job: bytes) -> Any:
        if not os.path.isdir(self.folder):
            raise UserError(f'{self.folder}: the current folder, which is not on node {platform.node()} of the Ray '
                            'cluster. Start the build in a folder that all nodes share.')
        os.chdir(self.folder)  # relative paths of the config mean the same on every node
        return self.function(pickle.loads(job))

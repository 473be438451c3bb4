"""The Ray cluster that jobs run on: start or join it, see what fits, check that its nodes share the files."""
import logging
import math
import os
import platform
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, Optional, Tuple

from mmrice.compat import install_hint
from mmrice.utils import UserError

from .worker import ONE_THREAD, available_cores, environment

RETRIES = 2  # of a job whose worker dies
_MESSAGES = 100 * 2**20  # bytes of the object store: it holds jobs and stamps, never images
_PATIENCE = 5  # seconds until a new file shows on every node
# Nothing is reported to anybody. Ray asks for these at any time, so they stay.
_PRIVATE = {'RAY_USAGE_STATS_ENABLED': '0', 'RAY_DATA_USAGE_DISABLED': '1'}
_QUIET = {'RAY_BACKEND_LOG_LEVEL': 'fatal'}  # of the processes started here: what they say is about Ray's internals


def connect(address: Optional[str], needs: Dict[str, float], num_workers: Optional[int]) -> Tuple[Any, bool]:
    """Start or join Ray, or take it as it is where this process uses it already.

    Args:
        address: See :class:`~.ray_data.RayExecutor`.
        needs: What a worker books.
        num_workers: How many workers Ray gets room for where it is started here; None takes one for each core.

    Returns:
        tuple: The module ``ray``, and whether it is ours to shut down.

    Raises:
        UserError: Ray is not installed, or not to be reached.
    """
    for name, value in _PRIVATE.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.data  # noqa: F401
    except ModuleNotFoundError as error:
        raise UserError(f'the Ray executor needs {error.name}, which is not installed. '
                        f'{install_hint("ray")}') from error
    if ray.is_initialized():
        return ray, False
    options: Dict[str, Any] = {'address': address}
    if address is None:
        workers = num_workers or available_cores()
        custom = {name: amount * workers for name, amount in needs.items() if name not in ('CPU', 'GPU')}
        options = {'address': 'local', 'num_cpus': math.ceil(needs['CPU'] * workers), 'resources': custom,
                   'include_dashboard': False, 'object_store_memory': _MESSAGES}
    try:
        with environment({**_QUIET, **ONE_THREAD}):
            ray.init(**options, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UserError(f'Ray at {address or "this machine"} cannot be used: '
                        f'{str(error).strip().splitlines()[0]}') from error
    return ray, True


def room_for_workers(ray: Any, needs: Dict[str, float]) -> Dict[str, int]:
    """Nodes of the cluster and how many workers each has room for.

    Raises:
        UserError: None has room for one.
    """
    nodes = {node['NodeID']: node['Resources'] for node in ray.nodes() if node['Alive']}
    room = {node: int(min(has.get(name, 0) / amount for name, amount in needs.items() if amount))
            for node, has in nodes.items()}
    if not any(room.values()):
        found = '; '.join(', '.join(f'{name} {amount:g}' for name, amount in sorted(has.items())
                                    if ':' not in name and 'memory' not in name) or 'nothing' for has in nodes.values())
        wanted = ', '.join(f'{name} {amount:g}' for name, amount in needs.items() if amount)
        raise UserError(f'no node of the Ray cluster has room for a worker, which books {wanted}. The nodes have: '
                        f'{found}. Ask for less, or start a larger node first.')
    return {node: workers for node, workers in room.items() if workers}


def check_nodes(ray: Any, nodes: Iterable[str], root: Path) -> None:
    """Check that the nodes see what is written here.

    Args:
        ray: The module.
        nodes: Their ids.
        root: The output folder.

    Raises:
        UserError: A node does not share the folder.
    """
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
    look = ray.remote(num_cpus=0, max_retries=RETRIES, runtime_env=worker_environment())(missing_here)
    with tempfile.NamedTemporaryFile(prefix='.tmp-shared-', dir=root) as marker:
        answers = ray.get([look.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)).remote(
            os.path.abspath(marker.name)) for node in nodes])
    for name in filter(None, answers):
        raise UserError(f'{root}: the output folder is not shared with node {name} of the Ray cluster. Choose an --out '
                        'on a file system that all nodes mount under the same path.')


def missing_here(path: str) -> Optional[str]:
    """The name of this node if it does not see a file, else None; network file systems get some seconds."""
    end = time.monotonic() + _PATIENCE
    while not os.path.exists(path):
        if time.monotonic() > end:
            return platform.node()
        time.sleep(0.2)
    return None


def worker_environment() -> Dict[str, Any]:
    """Of the workers, for Ray: one thread each, and modules from where this process has them."""
    path = os.pathsep.join(os.path.abspath(folder) for folder in sys.path)
    return {'env_vars': {**ONE_THREAD, 'PYTHONPATH': path}}


def describe_error(error: Exception) -> str:
    """What an error of Ray means to a user."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or ['']
    if 'creation task' in str(error) or 'RuntimeEnv' in type(error).__name__:
        return f'a worker of Ray could not start: {lines[-1]}. All nodes need the Python environment of this machine.'
    return (f'Ray could not finish the jobs ({type(error).__name__}), most likely because workers were killed for want '
            'of memory. Finished shards are kept: run the command again, with a smaller --num-workers.')


@contextmanager
def quiet_log() -> Iterator[None]:
    """Without the log of Ray Data."""
    logger = logging.getLogger('ray.data')
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)

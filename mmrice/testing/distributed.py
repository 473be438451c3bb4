"""Run a function on several gloo processes of this machine."""
import multiprocessing
import os
import pickle
import tempfile
import time
import traceback
from datetime import timedelta
from pathlib import Path
from typing import Any, Callable, Dict, List

import torch
from torch import distributed

_GRACE = 5.  # seconds that the other ranks have to end by themselves once one has failed
# imported once, by a process that then forks the ranks; it has run nothing, so that forking is safe
_IMPORTED = ['mmrice', 'torch', 'torch.distributed.checkpoint', 'mmrice.engine', 'mmrice.models', __name__]


class RankError(AssertionError):
    """A rank raised, died or hung."""


def _rank(function: Callable, rank: int, world_size: int, args: tuple, folder: str, timeout: float,
          environment: Dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    multiprocessing.set_start_method('fork', force=True)  # for workers of loaders; mmengine's default
    torch.set_num_threads(1)
    result = Path(folder, f'{rank}.result')
    try:
        distributed.init_process_group(
            'gloo', f'file://{folder}/store', rank=rank, world_size=world_size, timeout=timedelta(seconds=timeout))
        value = pickle.dumps(function(rank, world_size, *args))
        distributed.barrier()  # nobody leaves while others still talk to it
        distributed.destroy_process_group()
        part = Path(folder, f'{rank}.part')
        part.write_bytes(value)
        part.rename(result)
    except BaseException:
        Path(folder, f'{rank}.error').write_text(traceback.format_exc())
        raise SystemExit(1) from None


def run_ranks(function: Callable, world_size: int, *args: Any, timeout: float = 120) -> List[Any]:
    """Call a function on every rank of a gloo group, each in a fresh process with one thread.

    Args:
        function: Called as ``function(rank, world_size, *args)``; at the top level of a module, so that the processes
            can import it.
        world_size: Number of processes.
        *args: Anything that can be pickled.
        timeout: In seconds; then all processes are killed.

    Returns:
        list: What each rank returned (pickled), in the order of ranks.

    Raises:
        RankError: A rank raised (with its traceback), ended without a result (with its exit code) or timed out.
    """
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(_IMPORTED)
    with tempfile.TemporaryDirectory() as folder:
        ranks = [context.Process(target=_rank, daemon=True, args=(function, rank, world_size, args, folder, timeout,
                                                                  dict(os.environ))) for rank in range(world_size)]
        for process in ranks:
            process.start()
        end = time.monotonic() + timeout
        try:
            while any(process.is_alive() for process in ranks) and time.monotonic() < end:
                if any(process.exitcode for process in ranks):
                    end = min(end, time.monotonic() + _GRACE)
                time.sleep(.02)
            codes = ['no end' if process.is_alive() else process.exitcode for process in ranks]
        finally:
            for process in ranks:
                process.kill()
                process.join()
        results = [Path(folder, f'{rank}.result') for rank in range(world_size)]
        failures = [_failure(Path(folder), rank, code) for rank, code in enumerate(codes) if not results[rank].exists()]
        if failures:
            raise RankError('\n'.join(failures))
        return [pickle.loads(result.read_bytes()) for result in results]


def _failure(folder: Path, rank: int, code: Any) -> str:
    error = folder / f'{rank}.error'
    found = error.read_text() if error.exists() else f'exit code {code} without a result'
    return f'rank {rank}: {found}'

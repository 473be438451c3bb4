"""Start the process group of a launcher, on CPUs too."""
import os
from contextlib import contextmanager
from typing import Iterator

import torch
from mmengine.config import Config
from mmengine.dist import init_dist, is_distributed

from .config import section


def start_distributed(cfg: Config, launcher: str) -> None:
    """Join the other processes, before the runner is built.

    Without CUDA the backend is gloo, and models are wrapped for the CPU.

    Args:
        cfg: Its ``env_cfg.dist_cfg`` and ``model_wrapper_cfg`` are completed in place.
        launcher: 'none', 'pytorch', 'slurm' or 'mpi'.
    """
    cfg.launcher = launcher
    if launcher == 'none':
        return
    env_cfg = section(cfg, 'env_cfg')
    dist_cfg = dict(env_cfg.get('dist_cfg') or {})
    if not torch.cuda.is_available():
        dist_cfg['backend'] = 'gloo'
        defaults = dict(type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False,
                        find_unused_parameters=cfg.get('find_unused_parameters', False))
        cfg.model_wrapper_cfg = {**defaults, **(cfg.get('model_wrapper_cfg') or {})}
    env_cfg.dist_cfg = dist_cfg
    if is_distributed():
        return
    if torch.cuda.is_available():
        init_dist(launcher, **dist_cfg)
    else:
        with _no_device():
            init_dist(launcher, **dist_cfg)


def leave_distributed() -> None:
    """Take this process out of its group at the end of a run; else its threads may still talk while Python ends."""
    if is_distributed():
        torch.distributed.destroy_process_group()


@contextmanager
def _no_device() -> Iterator[None]:
    """mmengine selects a CUDA device for every backend; let that do nothing."""
    set_device = torch.cuda.set_device
    torch.cuda.set_device = lambda device: None
    try:
        yield
    finally:
        torch.cuda.set_device = set_device


def set_local_rank(local_rank: int) -> None:
    """Tell mmengine the local rank where the launcher gave it as an argument only.

    Args:
        local_rank: From ``--local_rank``.
    """
    os.environ.setdefault('LOCAL_RANK', str(local_rank))

"""Random numbers that depend on where a run is, not on how it got there.

A resumed run draws what the undisturbed one would have drawn, because every iteration and every sample starts from a
seed computed out of (seed of the run, its position): no generator state has to be kept, and neither the number of
workers nor an evaluation in between changes anything.
"""
import random

import numpy as np
import torch

_MASK32 = 0xffffffff


def seed_cpu(seed: int) -> None:
    """Seed ``random``, NumPy's global generator and torch's CPU generator (microseconds; fit for workers).

    Args:
        seed: Not negative.
    """
    random.seed(seed)
    np.random.seed(seed & _MASK32)
    torch.default_generator.manual_seed(seed)


def seed_all(seed: int) -> None:
    """Seed what :func:`seed_cpu` does and the generators of all CUDA devices.

    Args:
        seed: Not negative.
    """
    seed_cpu(seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(seed)

"""Draws of classes and initial centres that do not depend on how many ranks share the table.

Classes come in chunks of fixed size, each with a generator of its own; a rank computes the chunks that touch its rows.
"""
from typing import Iterator, Tuple

import torch
from torch import Tensor

from mmrice.utils.seeding import mix

CHUNK = 2**16


def _chunks(start: int, stop: int, num_classes: int) -> Iterator[Tuple[int, int, int]]:
    """Number, first and last class of each chunk that has classes from ``start`` to ``stop``."""
    for number in range(start // CHUNK, -(-stop // CHUNK) if stop > start else 0):
        yield number, number * CHUNK, min((number + 1) * CHUNK, num_classes)


def draw_classes(num_classes: int, num_samples: int, seed: int, start: int, stop: int) -> Tensor:
    """Draw classes uniformly without replacement within each chunk, and so many that all chunks have their share.

    Args:
        num_classes: K.
        num_samples: Classes to draw out of all K.
        seed: Equal seeds draw equal classes.
        start, stop: The rows wanted.

    Returns:
        Tensor: The drawn classes from ``start`` to ``stop``, sorted, int64, on the CPU.
    """
    if num_samples == num_classes:
        return torch.arange(start, stop)
    drawn = [torch.empty(0, dtype=torch.int64)]
    for number, low, high in _chunks(start, stop, num_classes):
        count = high * num_samples // num_classes - low * num_samples // num_classes
        generator = torch.Generator().manual_seed(mix(seed, number))
        drawn.append(torch.randperm(high - low, generator=generator)[:count] + low)
    classes = torch.cat(drawn).sort().values
    return classes[(classes >= start) & (classes < stop)]


@torch.no_grad()
def init_centers(weight: Tensor, num_classes: int, seed: int, start: int, std: float = 0.01) -> None:
    """Fill rows ``start`` and following of a table of centres with normal values, in place.

    Args:
        weight: shape (rows, D).
        num_classes: K.
        seed: Equal seeds give equal tables.
        start: First row.
        std: Standard deviation; 0.01 as Partial FC's.
    """
    if weight.is_meta:
        return
    stop = start + len(weight)
    for number, low, high in _chunks(start, stop, num_classes):
        generator = torch.Generator().manual_seed(mix(seed, number))
        values = torch.empty(high - low, weight.size(1)).normal_(std=std, generator=generator)
        first, last = max(low, start), min(high, stop)
        weight[first - start:last - start] = values[first - low:last - low].to(weight)

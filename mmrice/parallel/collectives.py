"""Collectives with gradients, for rows that differ in number between ranks.

The objective is the mean over ranks of the ranks' losses, as DistributedDataParallel takes it. What comes back to a
rank's rows here is the gradient of the *sum* of those losses: DDP divides that of its parameters by the world size, and
whoever owns parameters of its own does so itself.

With one process every function returns what it was given.
"""
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import torch
import torch.distributed as dist
from mmengine.dist import get_dist_info
from torch import Tensor


class Rows(NamedTuple):
    """How many rows each rank has, and which of all rows are this rank's."""
    counts: Tuple[int, ...]
    own: slice

    @property
    def total(self) -> int:
        """Rows of all ranks."""
        return sum(self.counts)


def rows_of(counts: Sequence[int]) -> Rows:
    """Say how many rows each rank has."""
    rank, _ = get_dist_info()
    start = sum(counts[:rank])
    return Rows(tuple(counts), slice(start, start + counts[rank]))


def all_gather_numbers(numbers: Sequence[int], device: torch.device) -> List[List[int]]:
    """Numbers of every rank, in order; all ranks give equally many."""
    _, world = get_dist_info()
    if world == 1:
        return [list(numbers)]
    own = torch.tensor(numbers, dtype=torch.int64, device=device)
    everyone = [torch.empty_like(own) for _ in range(world)]
    dist.all_gather(everyone, own)
    return torch.stack(everyone).tolist()


def _all_gather(x: Tensor, rows: Rows) -> Tensor:
    """Rows of all ranks; each rank's are padded to the largest number on the way."""
    most = max(rows.counts)
    padded = x.new_zeros(most, *x.shape[1:])
    padded[:len(x)] = x
    everyone = [torch.empty_like(padded) for _ in rows.counts]
    dist.all_gather(everyone, padded)
    return torch.cat([part[:count] for part, count in zip(everyone, rows.counts)])


class _GatherRows(torch.autograd.Function):

    @staticmethod
    def forward(ctx: Any, x: Tensor, rows: Rows) -> Tensor:
        ctx.rows = rows
        return _all_gather(x, rows)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tuple[Tensor, None]:
        rows = ctx.rows
        if dist.get_backend() == 'gloo':  # which cannot reduce and scatter in all versions
            grad = grad.clone(memory_format=torch.contiguous_format)
            dist.all_reduce(grad)
            return grad[rows.own], None
        most, parts = max(rows.counts), grad.split(rows.counts)
        padded = grad.new_zeros(len(parts), most, *grad.shape[1:])
        for place, part in zip(padded, parts):
            place[:len(part)] = part
        own = torch.empty_like(padded[0])
        dist.reduce_scatter_tensor(own, padded.flatten(0, 1))
        return own[:rows.own.stop - rows.own.start], None


def gather_rows(x: Tensor, rows: Rows) -> Tensor:
    """Rows of all ranks in order; a rank's own get the sum of the gradients that they have on all ranks.

    Args:
        x: This rank's rows, shape (R_r, ...).
        rows: From :func:`rows_of`.

    Returns:
        Tensor: shape (R, ...).
    """
    return x if len(rows.counts) == 1 else _GatherRows.apply(x, rows)


class _SumParts(torch.autograd.Function):

    @staticmethod
    def forward(ctx: Any, sums: Tensor, logsumexp: Tensor, highest: Tensor, rows: Rows) -> Tuple[Tensor, ...]:
        peaks = torch.stack([logsumexp, highest])
        dist.all_reduce(peaks, dist.ReduceOp.MAX)
        shift = torch.where(peaks[0] == -torch.inf, 0., peaks[0])
        packed = torch.cat([sums, (logsumexp - shift).exp()[:, None]], dim=1)
        dist.all_reduce(packed)
        total = packed[:, -1].log() + shift
        ctx.rows = rows
        ctx.save_for_backward((logsumexp - torch.where(total == -torch.inf, 0., total)).exp())
        own = rows.own
        ctx.mark_non_differentiable(highest := peaks[1, own].clone())
        return packed[own, :-1].clone(), total[own].clone(), highest

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad_sums: Tensor, grad_logsumexp: Tensor, _: Any) -> Tuple[Optional[Tensor], ...]:
        share, = ctx.saved_tensors
        grads = _all_gather(torch.cat([grad_sums, grad_logsumexp[:, None]], dim=1), ctx.rows)
        return grads[:, :-1], grads[:, -1] * share, None, None


def sum_parts(sums: Tensor, logsumexp: Tensor, highest: Tensor, rows: Rows) -> Tuple[Tensor, Tensor, Tensor]:
    """Put together what each rank found for all rows over its part of a table; each rank gets its own rows.

    Args:
        sums: To be added up over ranks, shape (R, P).
        logsumexp: Of each rank's part, shape (R,); -inf for nothing.
        highest: To be maximised over ranks, without gradient, shape (R,).
        rows: From :func:`rows_of`.

    Returns:
        tuple: The three for this rank's rows, shapes (R_r, P), (R_r,) and (R_r,).
    """
    if len(rows.counts) == 1:
        return sums, logsumexp, highest
    return _SumParts.apply(sums, logsumexp, highest, rows)

"""Clip gradients of which ranks hold different parts, or that are sparse."""
import math
from typing import Iterable, List, Optional

import torch
from mmengine.dist import all_gather, get_world_size
from torch import Tensor, nn

from mmrice.parallel import row_shard

from .optimizers import coalesce_gradient


@torch.no_grad()
def clip_grad_norm(parameters: Iterable[nn.Parameter],
                   max_norm: float,
                   norm_type: float = 2.,
                   error_if_nonfinite: bool = False,
                   foreach: Optional[bool] = None) -> Tensor:
    """Scale gradients in place so that their norm over all ranks is at most ``max_norm``.

    torch.nn.utils.clip_grad_norm_ where nothing is split or sparse. Else the gradients of parameters that are split
    over ranks (:func:`mmrice.parallel.row_shard`) count with the parts of all ranks and the others once, so that every
    rank finds the same norm and replicas stay equal. One number a rank is gathered. Sparse gradients count each row
    once, with the sum of its values.

    Args:
        parameters: All ranks must give theirs, those without a gradient too.
        max_norm: Of all gradients together.
        norm_type: Order of the norm, above 0, or inf.
        error_if_nonfinite: Raise where the norm is inf or NaN, on all ranks.
        foreach: For torch's function; without effect elsewhere.

    Returns:
        Tensor: The norm before clipping, shape ().

    Raises:
        RuntimeError: See ``error_if_nonfinite``.
    """
    parameters = list(parameters)
    split = get_world_size() > 1 and any(row_shard(parameter) is not None for parameter in parameters)
    if not split and not any(_is_sparse(parameter) for parameter in parameters):
        return nn.utils.clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)
    norm_type, device = float(norm_type), parameters[0].device
    parts, replicas = _values(p for p in parameters if row_shard(p) is not None), _values(
        p for p in parameters if row_shard(p) is None)
    total = _norm(replicas, norm_type, device)
    total = _join([total, *all_gather(_norm(parts, norm_type, device))], norm_type)
    norm, values = float(total), parts + replicas
    if error_if_nonfinite and not math.isfinite(norm):
        raise RuntimeError(f'The norm of order {norm_type} of all gradients is {norm}, so they cannot be clipped.')
    factor = max_norm / (norm + 1e-6)
    if not factor >= 1 and values:  # also NaN
        torch._foreach_mul_(values, factor)
    return total


@torch.no_grad()
def clip_grad_value(parameters: Iterable[nn.Parameter], clip_value: float) -> None:
    """Clip each value of the gradients in place to [-clip_value, clip_value]; of sparse ones the sum for each row.

    Args:
        parameters: Those without a gradient are passed over.
        clip_value: At least 0.
    """
    parameters = list(parameters)
    nn.utils.clip_grad_value_([p for p in parameters if not _is_sparse(p)], clip_value)
    for values in _values(filter(_is_sparse, parameters)):
        values.clamp_(-clip_value, clip_value)


def _is_sparse(parameter: nn.Parameter) -> bool:
    return parameter.grad is not None and parameter.grad.is_sparse


def _values(parameters: Iterable[nn.Parameter]) -> List[Tensor]:
    """Values of the gradients, not copied; empty ones are left out."""
    gradients = [coalesce_gradient(p).values() if _is_sparse(p) else p.grad for p in parameters if p.grad is not None]
    return [values for values in gradients if values.numel()]


def _norm(tensors: List[Tensor], norm_type: float, device: torch.device) -> Tensor:
    """Norm of all values together, float64, shape (). Row by row: long float32 sums lose digits on a CPU."""
    norms = [torch.zeros((), device=device)]
    for tensor in tensors:
        rows = tensor.flatten(1) if tensor.ndim > 1 else tensor.reshape(1, -1)
        wide = torch.promote_types(tensor.dtype, torch.float32)
        norms.append(_join([torch.linalg.vector_norm(rows, norm_type, 1, dtype=wide)], norm_type))
    return _join(norms, norm_type)


def _join(norms: List[Tensor], norm_type: float) -> Tensor:
    return torch.linalg.vector_norm(torch.stack([norm.to(norms[0].device, torch.float64) for norm in norms]), norm_type)

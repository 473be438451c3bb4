"""The local parts of synchronised batch normalisation; mmcv sums over the processes between them."""
from typing import Optional

import torch
from torch import Tensor

from .precision import plain

__all__ = ['sync_bn_forward_mean', 'sync_bn_forward_var', 'sync_bn_forward_output', 'sync_bn_backward_param',
           'sync_bn_backward_data']


@plain
def sync_bn_forward_mean(input: Tensor, mean: Tensor) -> None:
    """Write the mean of each channel of ``input`` (B, C, L) into ``mean`` (C,), float32."""
    mean.copy_(input.float().mean((0, 2)))


@plain
def sync_bn_forward_var(input: Tensor, mean: Tensor, var: Tensor) -> None:
    """Write the mean squared distance from ``mean`` of each channel of ``input`` (B, C, L) into ``var`` (C,)."""
    var.copy_((input.float() - mean[:, None]).square().mean((0, 2)))


@plain
def sync_bn_forward_output(input: Tensor, mean: Tensor, var: Tensor, weight: Optional[Tensor], bias: Optional[Tensor],
                           running_mean: Optional[Tensor], running_var: Optional[Tensor], norm: Tensor, std: Tensor,
                           output: Tensor, eps: float, momentum: float, group_size: int) -> None:
    """Normalise, and update the running statistics.

    Args:
        input: (B, C, L).
        mean: Mean of each channel over all processes, (C,).
        var: Biased variance likewise.
        weight: Scale (C,), or None.
        bias: Shift (C,), or None.
        running_mean: Updated in place, or None.
        running_var: Updated in place with the unbiased variance, or None.
        norm: Receives the normalised input, float32.
        std: Receives the standard deviation (C,).
        output: Result (B, C, L).
        eps: Added to the variance.
        momentum: Weight of the new statistics.
        group_size: Number of processes.
    """
    std.copy_((var + eps).sqrt())
    norm.copy_((input.float() - mean[:, None]) / std[:, None])
    output.copy_(norm if weight is None else norm * weight[:, None] + bias[:, None])
    if running_mean is not None:
        count = input.shape[0] * input.shape[2] * group_size
        unbiased = var * count / (count - 1) if count > 1 else var
        # momentum may be a tensor of one element
        running_mean.copy_(momentum * mean + (1 - momentum) * running_mean)
        running_var.copy_(momentum * unbiased + (1 - momentum) * running_var)


@plain
def sync_bn_backward_param(grad_output: Tensor, norm: Tensor, grad_weight: Tensor, grad_bias: Tensor) -> None:
    """Write the gradients of scale and shift (C,) from this process's ``grad_output`` and ``norm`` (B, C, L)."""
    grad = grad_output.float()
    grad_weight.copy_((grad * norm).sum((0, 2)))
    grad_bias.copy_(grad.sum((0, 2)))


@plain
def sync_bn_backward_data(grad_output: Tensor, weight: Tensor, grad_weight: Tensor, grad_bias: Tensor, norm: Tensor,
                          std: Tensor, grad_input: Tensor) -> None:
    """Write the gradient of the input (B, C, L) from the gradients of scale and shift averaged over the processes."""
    factor = grad_output.shape[0] * grad_output.shape[2]
    common = (grad_weight[:, None] * norm + grad_bias[:, None]) / factor
    grad_input.copy_(torch.div(weight, std)[:, None] * (grad_output.float() - common))

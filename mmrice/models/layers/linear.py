"""Linear layer that multiplies with oneDNN's kernels in float32 on x86 CPUs, where torch would take MKL's.

On the AMD processor that it was measured on, oneDNN's are much faster for the shapes of a transformer
(``docs/benchmarks.md``); everywhere else, and in every other dtype, this is :class:`torch.nn.Linear`.
The kernel is the one that ``torch.compile`` calls on CPUs.
"""
import platform
from typing import Any, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

try:
    _linear_pointwise = torch.ops.mkldnn._linear_pointwise.default
except (AttributeError, RuntimeError):  # torch without oneDNN
    _linear_pointwise = None
_X86 = platform.machine().lower() in ('x86_64', 'amd64')


def _applies(x: Tensor, weight: Tensor) -> bool:
    return (_X86 and _linear_pointwise is not None and x.device.type == weight.device.type == 'cpu'
            and x.dtype == weight.dtype == torch.float32 and x.numel() > 0 and torch.backends.mkldnn.enabled
            and not torch.is_autocast_enabled('cpu') and not torch.compiler.is_compiling())


def _multiply(x: Tensor, weight: Tensor, bias: Optional[Tensor] = None, activation: str = 'none') -> Tensor:
    """``x @ weight.T + bias`` of matrices, strided ones too; 'gelu' is the exact one."""
    return _linear_pointwise(x, weight, bias, activation, [], 'none' if activation == 'gelu' else '')


class _OneDNNLinear(torch.autograd.Function):

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _multiply(x, weight, bias)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tuple[Optional[Tensor], ...]:
        x, weight = ctx.saved_tensors
        need_x, need_weight, need_bias = ctx.needs_input_grad
        rows, row_grad = x.flatten(0, -2), grad.flatten(0, -2)
        grad_x = _multiply(row_grad, weight.t()).view_as(x) if need_x else None
        grad_weight = _multiply(row_grad.t(), rows.t()) if need_weight else None
        return grad_x, grad_weight, row_grad.sum(0) if need_bias else None


def linear(x: Tensor, weight: Tensor, bias: Optional[Tensor] = None) -> Tensor:
    """:func:`torch.nn.functional.linear`, with the faster kernel where there is one.

    Args:
        x: shape (..., C).
        weight: shape (D, C).
        bias: shape (D, ).

    Returns:
        Tensor: shape (..., D). It can be differentiated once.
    """
    if not _applies(x, weight):
        return F.linear(x, weight, bias)
    if torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad):
        return _OneDNNLinear.apply(x, weight, bias)
    return _multiply(x, weight, bias)


def linear_gelu(x: Tensor, weight: Tensor, bias: Optional[Tensor] = None) -> Tensor:
    """Exact GELU of :func:`linear`, in one pass where no gradient is needed and the kernel can."""
    if not torch.is_grad_enabled() and _applies(x, weight):
        return _multiply(x, weight, bias, 'gelu')
    return F.gelu(linear(x, weight, bias))


class Linear(nn.Linear):
    """:class:`torch.nn.Linear` on :func:`linear`."""

    def forward(self, x: Tensor) -> Tensor:
        """Shapes as in :func:`linear`."""
        return linear(x, self.weight, self.bias)

"""Axial (row, column) rotary position embedding of RICE and MLCD.

Angles of a patch at (row, col) are ``[row * f, col * f]`` with ``f = theta^-(arange(0, d/2, 2) / (d/2))`` and d the
dims of a head; they are repeated once to d values and applied in the rotate-half pairing. Positions are integers and
do not scale with resolution. Follows the authors' code and Hugging Face's MLCD; on non-square inputs, where the two
differ, Hugging Face's (height, width) order, which is that of the row-major tokens.
"""
from typing import Any, Optional, Tuple

import torch
from torch import Tensor


def axial_angles(rows: Tensor, cols: Tensor, head_dims: int, theta: float = 10000.) -> Tensor:
    """Rotation angles of positions, in radians.

    Args:
        rows: Row of each position in patches, any shape (...); fractions are allowed.
        cols: Column of each position, same shape.
        head_dims: Dims of one attention head, a multiple of 4.
        theta: Base of the frequencies.

    Returns:
        Tensor: shape (..., head_dims / 2), float32.
    """
    half = head_dims // 2
    exponents = torch.arange(0, half, 2, device=rows.device, dtype=torch.float32) / half
    frequencies = theta**-exponents
    return torch.cat([rows.float()[..., None] * frequencies, cols.float()[..., None] * frequencies], dim=-1)


def grid_angles(grid: Tuple[int, int], head_dims: int, device: torch.device) -> Tensor:
    """Angles of all patches of a grid in row-major order, shape (h * w, head_dims / 2)."""
    axes = [torch.arange(length, device=device) for length in grid]
    rows, cols = torch.meshgrid(axes, indexing='ij')
    return axial_angles(rows.flatten(), cols.flatten(), head_dims)


def rotation(angles: Tensor) -> Tuple[Tensor, Tensor]:
    """Cosines and sines for :func:`rotate`, each of the shape of ``angles``, (..., head_dims / 2)."""
    return angles.cos(), angles.sin()


def _turn(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate pairs (i, i + d / 2): each half is read twice and written once, without temporary copies."""
    first, second = x.chunk(2, dim=-1)
    turned = torch.empty(x.shape, dtype=torch.promote_types(x.dtype, cos.dtype), device=x.device)
    half = x.size(-1) // 2
    torch.mul(first, cos, out=turned[..., :half]).addcmul_(second, sin, value=-1)
    torch.mul(second, cos, out=turned[..., half:]).addcmul_(first, sin)
    return turned.to(x.dtype)


class _Rotate(torch.autograd.Function):

    @staticmethod
    def forward(ctx: Any, x: Tensor, cos: Tensor, sin: Tensor, cls_angles: Optional[Tensor]) -> Tensor:
        turned = _turn(x, cos, sin)
        learned = cls_angles is not None and cls_angles.requires_grad
        ctx.save_for_backward(cos, sin, turned[:, 0].clone() if learned else None)
        return turned

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tuple[Optional[Tensor], ...]:
        cos, sin, turned = ctx.saved_tensors
        angle_grad = None
        if turned is not None:
            (first, second), (grad_first, grad_second) = turned.chunk(2, -1), grad[:, 0].chunk(2, -1)
            angle_grad = (grad_second.float() * first - grad_first.float() * second).sum((0, 1))[None]
        return _turn(grad, cos, -sin) if ctx.needs_input_grad[0] else None, None, None, angle_grad


def rotate(x: Tensor, cos: Tensor, sin: Tensor, cls_angles: Optional[Tensor] = None) -> Tensor:
    """Rotate query or key heads, in float32 at least whatever the dtype of ``x``.

    Args:
        x: shape (..., head_dims); with ``cls_angles`` (B, L, heads, head_dims).
        cos, sin: from :func:`rotation`, broadcastable to (..., head_dims / 2); they get no gradient.
        cls_angles: The learned angles of the first of the L positions, shape (1, head_dims / 2), from which the first
            row of ``cos`` and ``sin`` was made. Only they get a gradient: that of all angles costs as much as rotating.

    Returns:
        Tensor: shape and dtype of ``x``. It can be differentiated once.
    """
    if torch.is_grad_enabled() and (x.requires_grad or (cls_angles is not None and cls_angles.requires_grad)):
        return _Rotate.apply(x, cos.detach(), sin.detach(), cls_angles)
    return _turn(x, cos, sin)

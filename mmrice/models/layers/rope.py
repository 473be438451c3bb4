"""Axial (row, column) rotary position embedding of RICE and MLCD.

Angles of a patch at (row, col) are ``[row * f, col * f]`` with ``f = theta^-(arange(0, d/2, 2) / (d/2))`` and d the
dims of a head; they are repeated once to d values and applied in the rotate-half pairing. Positions are integers and
do not scale with resolution. Follows the authors' code and Hugging Face's MLCD; on non-square inputs, where the two
differ, Hugging Face's (height, width) order, which is that of the row-major tokens.
"""
from typing import Tuple

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
    """Cosines and sines for :func:`rotate`, each of shape (..., head_dims), from angles (..., head_dims / 2)."""
    angles = torch.cat([angles, angles], dim=-1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate query or key heads, in float32 whatever the dtype of ``x``.

    Args:
        x: shape (..., L, head_dims).
        cos, sin: from :func:`rotation`, broadcastable to ``x``.

    Returns:
        Tensor: shape and dtype of ``x``.
    """
    first, second = x.float().chunk(2, dim=-1)
    return (x * cos + torch.cat([-second, first], dim=-1) * sin).to(x.dtype)

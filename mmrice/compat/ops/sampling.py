"""Bilinear sampling by RoIAlign's rules, which differ from ``grid_sample``'s at the border.

A point less than one pixel outside the map takes the value at the border; one farther away is zero and gets no
gradient.
"""
from typing import List, Tuple

import torch
from torch import Tensor


def corners(y: Tensor, x: Tensor, height: int, width: int) -> List[Tuple[Tensor, Tensor]]:
    """The four pixels around each point and their weights.

    Args:
        y: Rows in pixels, any shape.
        x: Columns in pixels, same shape.
        height: Rows of the map.
        width: Columns of the map.

    Returns:
        list: Four pairs (int64 index into the flat map, weight), each with the shape of ``y``.
    """
    inside = (y >= -1) & (y <= height) & (x >= -1) & (x <= width)
    y = y.clamp(0, height - 1)
    x = x.clamp(0, width - 1)
    top, left = y.detach().floor(), x.detach().floor()
    down, right = y - top, x - left
    result = []
    for row, row_weight in ((top, 1 - down), ((top + 1).clamp(max=height - 1), down)):
        for column, column_weight in ((left, 1 - right), ((left + 1).clamp(max=width - 1), right)):
            result.append(((row * width + column).long(), row_weight * column_weight * inside))
    return result


def sample(feature: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Read a map at points, differentiable in the map and in the points.

    Args:
        feature: Map (C, H, W).
        y: Rows in pixels, shape S.
        x: Columns in pixels, shape S.

    Returns:
        Tensor: Values (C, *S).
    """
    flat = feature.flatten(1)
    return sum(flat[:, index] * weight for index, weight in corners(y, x, *feature.shape[1:]))


def bin_points(start: Tensor, bin_size: Tensor, bins: int, count: int) -> Tensor:
    """Coordinates of evenly spread points in a row of bins.

    Args:
        start: Where the first bin begins, in pixels; a scalar, or (bins,) where bins were moved.
        bin_size: Length of a bin in pixels, scalar.
        bins: Number of bins.
        count: Points in a bin.

    Returns:
        Tensor: (bins, count), in pixels.
    """
    number = torch.arange(bins, device=bin_size.device, dtype=bin_size.dtype)
    part = (torch.arange(count, device=bin_size.device, dtype=bin_size.dtype) + 0.5) / max(count, 1)
    return (start + number * bin_size)[..., None] + part * bin_size

"""Windows of a patch grid, as a reordering of its tokens.

Attention does not care about the order of tokens when their positions are rotated into them. So the patches are put in
the order of their windows once, before the layers, and every window is a run of neighbours in all of them. Windows at
the right and bottom edges are smaller where the window size does not divide the grid: there is no padding, and so none
that could attend.
"""
from typing import NamedTuple, Tuple

import torch
from torch import Tensor


class Windows(NamedTuple):
    """How a grid of patches is divided.

    Args:
        order: Row-major index of the patch at each place of the window order, shape (h * w, ), int64.
        inverse: Place in the window order of each row-major patch, same shape.
        groups: (number of windows, patches in each) of runs of windows of one size, in order.
    """
    order: Tensor
    inverse: Tensor
    groups: Tuple[Tuple[int, int], ...]


def _spans(length: int, size: int) -> Tuple[Tuple[int, int], ...]:
    """(start, stop, size) parts of an axis: the one that whole windows cover, and the rest."""
    whole = length - length % size
    spans = ((0, whole, size), (whole, length, length - whole))
    return tuple(span for span in spans if span[1] > span[0])


def divide(grid: Tuple[int, int], size: int, device: torch.device) -> Windows:
    """Divide a grid into windows of ``size`` x ``size`` patches from the top left.

    Args:
        grid: Rows and columns of patches, (h, w).
        size: Patches a side of a window.
        device: Where the indices are needed.

    Returns:
        Windows: Whole windows first, then those of the right edge, of the bottom edge, and of the corner.
    """
    indices = torch.arange(grid[0] * grid[1], device=device).view(grid)
    runs, groups = [], []
    for top, bottom, height in _spans(grid[0], size):
        for left, right, width in _spans(grid[1], size):
            part = indices[top:bottom, left:right]
            part = part.unflatten(1, (-1, width)).unflatten(0, (-1, height))  # rows of windows, height, columns, width
            runs.append(part.permute(0, 2, 1, 3).flatten())
            groups.append((part.size(0) * part.size(2), height * width))
    order = torch.cat(runs)
    return Windows(order, order.argsort(), tuple(groups))

"""Overlaps of axis-aligned boxes."""
from torch import Tensor

from .precision import plain, wide

__all__ = ['bbox_overlaps']


def pairwise_overlaps(first: Tensor, second: Tensor, offset: int = 0, over_first: bool = False) -> Tensor:
    """Intersection over union (or over the first box) of boxes that broadcast against each other.

    Args:
        first: Boxes (..., 4), xyxy.
        second: Boxes (..., 4), xyxy.
        offset: 1 where x2 and y2 are the last pixel inside the box, 0 where they are its edge.
        over_first: Divide by the area of ``first`` instead of the union.

    Returns:
        Tensor: Overlaps of the broadcast shape without its last dimension; NaN for two boxes without an area.
    """
    low = first[..., :2].maximum(second[..., :2])
    high = first[..., 2:].minimum(second[..., 2:])
    intersection = (high - low + offset).clamp(min=0).prod(-1)
    area_first = (first[..., 2:] - first[..., :2] + offset).prod(-1)
    area_second = (second[..., 2:] - second[..., :2] + offset).prod(-1)
    base = area_first.expand_as(intersection) if over_first else area_first + area_second - intersection
    return intersection / base.clamp(min=offset)


@plain
def bbox_overlaps(bboxes1: Tensor, bboxes2: Tensor, ious: Tensor, mode: int = 0, aligned: bool = False,
                  offset: int = 0) -> None:
    """Write the overlaps of two sets of boxes into ``ious``.

    Args:
        bboxes1: Boxes (M, 4), xyxy.
        bboxes2: Boxes (N, 4), xyxy.
        ious: Result, (M, N), or (M,) where ``aligned``.
        mode: 0 for intersection over union, 1 for intersection over the area of ``bboxes1``.
        aligned: Compare row by row instead of all with all.
        offset: 0 or 1, added to widths and heights.
    """
    first, second = wide(bboxes1, bboxes2)
    ious.copy_(pairwise_overlaps(first if aligned else first[:, None], second, offset, over_first=mode == 1))

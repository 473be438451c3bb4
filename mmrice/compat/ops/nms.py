"""Non-maximum suppression: the hard one by torchvision, the soft and the matching one in torch."""
from typing import List

import torch
import torchvision
from torch import Tensor

from .boxes import pairwise_overlaps
from .precision import plain, wide

__all__ = ['nms', 'softnms', 'nms_match']

_NAIVE, _LINEAR, _GAUSSIAN = range(3)


@plain
def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int = 0) -> Tensor:
    """Drop every box that overlaps a better one by more than the threshold.

    Args:
        boxes: Boxes (N, 4), xyxy.
        scores: Scores (N,).
        iou_threshold: Boxes with a larger intersection over union are dropped.
        offset: 0 or 1, added to widths and heights.

    Returns:
        Tensor: int64 indices of the boxes kept, best first.
    """
    boxes, scores = wide(boxes, scores)
    if offset:
        # A box that ends at the last pixel inside it is the box that ends one further, measured without an offset.
        boxes = boxes + boxes.new_tensor([0, 0, offset, offset])
    # mmcv's threshold is a float32: an overlap of float32(0.3) does not exceed 0.3.
    threshold = torch.tensor(iou_threshold, dtype=torch.float32).item()
    return torchvision.ops.nms(boxes, scores, threshold)


@plain
def softnms(boxes: Tensor, scores: Tensor, dets: Tensor, iou_threshold: float, sigma: float, min_score: float,
            method: int, offset: int) -> Tensor:
    """Lower the score of every box by its overlap with each better one, and drop those that fall too low.

    Args:
        boxes: Boxes (N, 4), xyxy.
        scores: Scores (N,).
        dets: Result (N, 5); its first K rows become the boxes kept and their new scores.
        iou_threshold: Smallest overlap that counts for methods 0 and 1.
        sigma: Width of method 2.
        min_score: A box whose score falls below is dropped.
        method: 0 sets the score to zero, 1 multiplies it by 1 - IoU, 2 by exp(-IoU^2 / sigma).
        offset: 0 or 1, added to widths and heights.

    Returns:
        Tensor: int64 indices (K,) of the boxes kept, in the order in which they were chosen.
    """
    boxes, scores = wide(boxes, scores)
    scores = scores.clone()
    left = torch.arange(len(boxes), device=boxes.device)
    chosen = []
    while len(left):
        best = left[scores[left].argmax()]
        chosen.append(best)
        left = left[left != best]
        overlap = pairwise_overlaps(boxes[best], boxes[left], offset)
        if method == _GAUSSIAN:
            weight = torch.exp(-overlap.square() / sigma)
        else:
            lowered = 1 - overlap if method == _LINEAR else torch.zeros_like(overlap)
            weight = torch.where(overlap >= iou_threshold, lowered, 1)
        scores[left] *= weight
        left = left[~(scores[left] < min_score)]
    if not chosen:
        return left
    kept = torch.stack(chosen)
    dets[:len(kept), :4] = boxes[kept].to(dets.dtype)
    dets[:len(kept), 4] = scores[kept].to(dets.dtype)
    return kept


@plain
def nms_match(dets: Tensor, iou_threshold: float) -> List[List[int]]:
    """Group every box with the boxes that it suppresses.

    Args:
        dets: Boxes with scores (N, 5), xyxy.
        iou_threshold: Boxes with at least this intersection over union are suppressed.

    Returns:
        list: For each box kept, best first, its index followed by those of the boxes that it suppresses, best first.
    """
    dets = wide(dets)
    left = dets[:, 4].sort(descending=True)[1]
    groups = []
    while len(left):
        best, left = left[0], left[1:]
        suppressed = pairwise_overlaps(dets[best, :4], dets[left, :4]) >= iou_threshold
        groups.append([int(best), *left[suppressed].tolist()])
        left = left[~suppressed]
    return groups


"""Deformable RoI pooling: RoIAlign whose bins are moved by learned offsets."""
import math
from typing import Optional

import torch
from torch import Tensor

from .precision import gradients, plain, wide
from .sampling import bin_points, sample

__all__ = ['deform_roi_pool_forward', 'deform_roi_pool_backward']


@plain
def deform_roi_pool_forward(input: Tensor, rois: Tensor, offset: Tensor, output: Tensor, pooled_height: int,
                            pooled_width: int, spatial_scale: float, sampling_ratio: int, gamma: float) -> None:
    """Average-pool every RoI to a small grid of moved bins.

    Args:
        input: Maps (B, C, H, W).
        rois: (R, 5): image index and xyxy in pixels of the image.
        offset: (R, 2, pooled_height, pooled_width): x and y of each bin in units of gamma times the RoI's size; empty
            for none.
        output: Result (R, C, pooled_height, pooled_width).
        pooled_height: Rows of bins.
        pooled_width: Columns of bins.
        spatial_scale: Map pixels per image pixel.
        sampling_ratio: Samples along a side of a bin; 0 for about one a pixel.
        gamma: Scale of the offsets.
    """
    feature, boxes, moves = wide(input, rois, offset)
    for number, roi in enumerate(boxes):
        move = moves[number] if moves.numel() else None
        output[number] = _pool(feature[int(roi[0])], roi[1:] * spatial_scale - 0.5, move, (pooled_height, pooled_width),
                               sampling_ratio, gamma).to(output.dtype)


@plain
def deform_roi_pool_backward(grad_output: Tensor, input: Tensor, rois: Tensor, offset: Tensor, grad_input: Tensor,
                             grad_offset: Tensor, pooled_height: int, pooled_width: int, spatial_scale: float,
                             sampling_ratio: int, gamma: float) -> None:
    """Add the gradients to ``grad_input`` and ``grad_offset``; arguments as in :func:`deform_roi_pool_forward`."""
    grad, feature, boxes, moves = wide(grad_output, input, rois, offset)
    moved = moves.numel() > 0
    for number, roi in enumerate(boxes):
        image = int(roi[0])
        box = roi[1:] * spatial_scale - 0.5

        def pool(one_map: Tensor, move: Optional[Tensor] = None, box: Tensor = box) -> Tensor:
            return _pool(one_map, box, move, (pooled_height, pooled_width), sampling_ratio, gamma)

        inputs = (feature[image], moves[number]) if moved else (feature[image],)
        grads = gradients(pool, inputs, grad[number])
        grad_input[image] += grads[0].to(grad_input.dtype)
        if moved:
            grad_offset[number] += grads[1].to(grad_offset.dtype)


def _pool(feature: Tensor, box: Tensor, move: Optional[Tensor], bins: tuple, sampling_ratio: int,
          gamma: float) -> Tensor:
    """Pool one box (4,), in map pixels, out of one map (C, H, W): (C, *bins)."""
    rows, columns = bins
    width, height = box[2] - box[0], box[3] - box[1]
    bin_h, bin_w = height / rows, width / columns
    in_h = sampling_ratio if sampling_ratio > 0 else max(math.ceil(bin_h), 0)
    in_w = sampling_ratio if sampling_ratio > 0 else max(math.ceil(bin_w), 0)
    y = bin_points(box[1], bin_h, rows, in_h)[:, None, :, None]
    x = bin_points(box[0], bin_w, columns, in_w)[None, :, None, :]
    if move is not None:
        x = x + (gamma * width * move[0])[:, :, None, None]
        y = y + (gamma * height * move[1])[:, :, None, None]
    y, x = torch.broadcast_tensors(y, x)
    return sample(feature, y, x).sum((-2, -1)) / max(in_h * in_w, 1)

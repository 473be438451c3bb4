"""RoIAlign: average pooling by torchvision's kernels, maximum pooling in torch."""
import math

import torch
import torchvision  # noqa: F401 (registers the kernels)
from torch import Tensor

from .precision import plain, wide
from .sampling import bin_points, corners, sample

__all__ = ['roi_align_forward', 'roi_align_backward']

_MAX = 0


@plain
def roi_align_forward(input: Tensor, rois: Tensor, output: Tensor, argmax_y: Tensor, argmax_x: Tensor,
                      aligned_height: int, aligned_width: int, spatial_scale: float, sampling_ratio: int,
                      pool_mode: int, aligned: bool) -> None:
    """Pool every RoI to a small grid by bilinear samples.

    Args:
        input: Maps (B, C, H, W).
        rois: (R, 5): image index and xyxy in pixels of the image.
        output: Result (R, C, aligned_height, aligned_width).
        argmax_y: Row of the largest sample, shaped like ``output``; written by maximum pooling only.
        argmax_x: Its column.
        aligned_height: Rows of the grid.
        aligned_width: Columns of the grid.
        spatial_scale: Map pixels per image pixel.
        sampling_ratio: Samples along a side of a bin; 0 for about one a pixel.
        pool_mode: 0 for maximum, 1 for average. A RoI without an area gives 0 in both.
        aligned: Shift by half a pixel, so that pixel centres lie at .5.
    """
    feature, boxes = wide(input, rois)
    if pool_mode == _MAX:
        for number, roi in enumerate(boxes):
            _max_pool(feature[int(roi[0])], roi[1:] * spatial_scale - 0.5 * aligned, sampling_ratio, aligned,
                      output[number], argmax_y[number], argmax_x[number])
        return
    output.copy_(torch.ops.torchvision.roi_align(feature, boxes, spatial_scale, aligned_height, aligned_width,
                                                 sampling_ratio, aligned))


@plain
def roi_align_backward(grad_output: Tensor, rois: Tensor, argmax_y: Tensor, argmax_x: Tensor, grad_input: Tensor,
                       aligned_height: int, aligned_width: int, spatial_scale: float, sampling_ratio: int,
                       pool_mode: int, aligned: bool) -> None:
    """Write the gradient of the maps into ``grad_input``; arguments as in :func:`roi_align_forward`."""
    grad, boxes = wide(grad_output, rois)
    batch, channels, height, width = grad_input.shape
    if pool_mode != _MAX:
        grad_input.copy_(torch.ops.torchvision._roi_align_backward(
            grad, boxes, spatial_scale, aligned_height, aligned_width, batch, channels, height, width, sampling_ratio,
            aligned))
        return
    y, x = wide(argmax_y, argmax_x)
    plane = boxes[:, :1].long() * channels + torch.arange(channels, device=grad.device)  # (R, C)
    first = (plane * (height * width))[:, :, None, None]
    total = grad.new_zeros(grad_input.numel())
    for index, weight in corners(y, x, height, width):
        total.index_add_(0, (first + index).flatten(), (grad * weight).flatten())
    grad_input.copy_(total.view_as(grad_input))


def _max_pool(feature: Tensor, box: Tensor, sampling_ratio: int, aligned: bool, output: Tensor, argmax_y: Tensor,
              argmax_x: Tensor) -> None:
    """Maximum-pool one box (4,), in map pixels, out of one map (C, H, W) into ``output`` (C, ph, pw)."""
    rows, columns = output.shape[1:]
    size = box[2:] - box[:2]
    if not aligned:
        size = size.clamp(min=1)
    bin_w, bin_h = size[0] / columns, size[1] / rows
    in_h = sampling_ratio if sampling_ratio > 0 else math.ceil(bin_h)
    in_w = sampling_ratio if sampling_ratio > 0 else math.ceil(bin_w)
    if in_h < 1 or in_w < 1:
        output.zero_()
        argmax_y.fill_(-2)  # farther outside than one pixel: no gradient
        argmax_x.fill_(-2)
        return
    shape = (rows, columns, in_h, in_w)
    y = bin_points(box[1], bin_h, rows, in_h)[:, None, :, None].expand(shape).flatten(2)
    x = bin_points(box[0], bin_w, columns, in_w)[None, :, None, :].expand(shape).flatten(2)
    best, place = sample(feature, y, x).max(-1)
    output.copy_(best)
    argmax_y.copy_(y.expand(len(feature), -1, -1, -1).gather(-1, place[..., None])[..., 0])
    argmax_x.copy_(x.expand(len(feature), -1, -1, -1).gather(-1, place[..., None])[..., 0])

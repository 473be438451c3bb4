"""RoIPool by mmcv's rule: bins are rounded outwards, the RoI itself is not (torchvision's rounds the RoI)."""
import torch
from torch import Tensor

from .precision import plain, wide

__all__ = ['roi_pool_forward', 'roi_pool_backward']


@plain
def roi_pool_forward(input: Tensor, rois: Tensor, output: Tensor, argmax: Tensor, pooled_height: int,
                     pooled_width: int, spatial_scale: float) -> None:
    """Take the maximum of every bin of every RoI.

    Args:
        input: Maps (B, C, H, W).
        rois: (R, 5): image index and xyxy in pixels of the image, x2 and y2 inside the box.
        output: Result (R, C, pooled_height, pooled_width); 0 where a bin is empty.
        argmax: int32, shaped like ``output``: the pixel y * W + x of the maximum, -1 where a bin is empty.
        pooled_height: Rows of bins.
        pooled_width: Columns of bins.
        spatial_scale: Map pixels per image pixel.
    """
    feature, boxes = wide(input, rois)
    output.zero_()
    argmax.fill_(-1)
    starts = boxes[:, 1:3] * spatial_scale
    sizes = (boxes[:, 3:5] + 1) * spatial_scale - starts
    columns = _edges(starts[:, 0], sizes[:, 0], pooled_width, feature.shape[3])
    rows = _edges(starts[:, 1], sizes[:, 1], pooled_height, feature.shape[2])
    for number in torch.nonzero((sizes > 0).all(1))[:, 0].tolist():
        image = feature[int(boxes[number, 0])]
        for pw, (left, right) in enumerate(columns[number]):
            if right <= left:
                continue
            across, column = image[:, :, left:right].max(2)  # (C, H): the best of each row, and where
            for ph, (top, bottom) in enumerate(rows[number]):
                if bottom <= top:
                    continue
                best, row = across[:, top:bottom].max(1)
                row = row + top
                output[number, :, ph, pw] = best.to(output.dtype)
                place = row * feature.shape[3] + left + column.gather(1, row[:, None])[:, 0]
                argmax[number, :, ph, pw] = place.to(argmax.dtype)


@plain
def roi_pool_backward(grad_output: Tensor, rois: Tensor, argmax: Tensor, grad_input: Tensor, pooled_height: int,
                      pooled_width: int, spatial_scale: float) -> None:
    """Write the gradient of the maps into ``grad_input``; arguments as in :func:`roi_pool_forward`."""
    batch, channels, height, width = grad_input.shape
    grad = wide(grad_output) * (argmax >= 0)
    plane = rois[:, :1].long() * channels + torch.arange(channels, device=grad.device)  # (R, C)
    index = (plane * (height * width))[:, :, None, None] + argmax.clamp(min=0).long()
    total = grad.new_zeros(grad_input.numel()).index_add_(0, index.flatten(), grad.flatten())
    grad_input.copy_(total.view_as(grad_input))


def _edges(start: Tensor, size: Tensor, bins: int, limit: int) -> list:
    """First and one-past-last pixel of each bin: nested lists (R, bins, 2), inside 0..limit."""
    number = torch.arange(bins + 1, device=start.device, dtype=start.dtype)
    edge = number * (size / bins)[:, None] + start[:, None]
    return torch.stack([edge[:, :-1].floor(), edge[:, 1:].ceil()], 2).clamp(0, limit).long().tolist()

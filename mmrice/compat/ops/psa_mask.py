"""PSANet's mask: turn attention over a window around each pixel into attention over the whole map."""
from typing import Tuple

import torch
from torch import Tensor

from .precision import plain

__all__ = ['psamask_forward', 'psamask_backward']

_COLLECT = 0


@plain
def psamask_forward(input: Tensor, output: Tensor, psa_type: int, num_: int, h_feature: int, w_feature: int,
                    h_mask: int, w_mask: int, half_h_mask: int, half_w_mask: int) -> None:
    """Spread window attention over the map.

    Args:
        input: (B, h_mask * w_mask, H, W): what each pixel gives to the places of the window around it.
        output: Result (B, H * W, H, W): entry [b, q, p] is what p gives to q ('collect') or q to p ('distribute').
        psa_type: 0 for collect, 1 for distribute.
        num_: B.
        h_feature: H.
        w_feature: W.
        h_mask: Rows of the window.
        w_mask: Columns of the window.
        half_h_mask: Rows of the window above the pixel.
        half_w_mask: Columns of the window left of the pixel.
    """
    place, inside = _window_places((h_feature, w_feature), (h_mask, w_mask), (half_h_mask, half_w_mask), input.device)
    spread = input.flatten(2).transpose(1, 2).gather(2, place.expand(num_, -1, -1)) * inside
    if psa_type == _COLLECT:
        spread = spread.transpose(1, 2)
    output.copy_(spread.reshape(output.shape))


@plain
def psamask_backward(grad_output: Tensor, grad_input: Tensor, psa_type: int, num_: int, h_feature: int, w_feature: int,
                     h_mask: int, w_mask: int, half_h_mask: int, half_w_mask: int) -> None:
    """Write the gradient of the windows into ``grad_input``; arguments as in :func:`psamask_forward`."""
    place, inside = _window_places((h_feature, w_feature), (h_mask, w_mask), (half_h_mask, half_w_mask),
                                   grad_output.device)
    grad = grad_output.flatten(2)
    if psa_type == _COLLECT:
        grad = grad.transpose(1, 2)
    windows = grad.new_zeros(num_, h_feature * w_feature, h_mask * w_mask)
    windows.scatter_add_(2, place.expand(num_, -1, -1), grad * inside)
    grad_input.copy_(windows.transpose(1, 2).reshape(grad_input.shape))


def _window_places(size: Tuple[int, int], window: Tuple[int, int], half: Tuple[int, int],
                   device: torch.device) -> Tuple[Tensor, Tensor]:
    """Where each pixel's window holds each other pixel: int64 places and bool 'inside', both (H*W, H*W)."""
    height, width = (torch.arange(length, device=device) for length in size)
    rows = (height[None, :] - height[:, None] + half[0])[:, None, :, None]
    columns = (width[None, :] - width[:, None] + half[1])[None, :, None, :]
    inside = (rows >= 0) & (rows < window[0]) & (columns >= 0) & (columns < window[1])
    place = (rows * window[1] + columns).clamp(0, window[0] * window[1] - 1)
    pixels = size[0] * size[1]
    return place.reshape(pixels, pixels), inside.reshape(pixels, pixels)

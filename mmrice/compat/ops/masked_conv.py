"""The two halves of a convolution that is computed at chosen pixels only."""
import torch
import torch.nn.functional as F
from torch import Tensor

from .precision import plain

__all__ = ['masked_im2col_forward', 'masked_col2im_forward']


@plain
def masked_im2col_forward(im: Tensor, mask_h_idx: Tensor, mask_w_idx: Tensor, col: Tensor, kernel_h: int,
                          kernel_w: int, pad_h: int, pad_w: int) -> None:
    """Write the window around each chosen pixel into a column.

    Args:
        im: One map (1, C, H, W).
        mask_h_idx: int64 rows (M,) of the chosen pixels.
        mask_w_idx: int64 columns (M,).
        col: Result (C * kernel_h * kernel_w, M); zero outside the map.
        kernel_h: Rows of the window.
        kernel_w: Columns of the window.
        pad_h: Rows of the window above the pixel.
        pad_w: Columns of the window left of the pixel.
    """
    padded = F.pad(im[0], (pad_w, kernel_w, pad_h, kernel_h))
    rows = mask_h_idx[:, None, None] + torch.arange(kernel_h, device=im.device)[None, :, None]
    columns = mask_w_idx[:, None, None] + torch.arange(kernel_w, device=im.device)[None, None, :]
    col.copy_(padded[:, rows, columns].permute(0, 2, 3, 1).reshape(col.shape))


@plain
def masked_col2im_forward(col: Tensor, mask_h_idx: Tensor, mask_w_idx: Tensor, im: Tensor, height: int, width: int,
                          channels: int) -> None:
    """Write each column to its pixel.

    Args:
        col: (channels, M).
        mask_h_idx: int64 rows (M,) of the chosen pixels.
        mask_w_idx: int64 columns (M,).
        im: Result (1, channels, height, width); other pixels keep their values.
        height: Rows of the map.
        width: Columns of the map.
        channels: Channels of the map.
    """
    im[0, :, mask_h_idx, mask_w_idx] = col.to(im.dtype)

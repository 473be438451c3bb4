"""Expressions of several images in one batch, and their masks at other sizes: pure functions."""
from typing import Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


def by_image(values_N: Tensor, counts: Sequence[int]) -> Tensor:
    """Give every image a row.

    Args:
        values_N: What each expression has, shape (N, ...), those of the first image first.
        counts: Expressions of each of the B images; their sum is N.

    Returns:
        Tensor: shape (B, E, ...) with E the largest count, padded with zeros (False).
    """
    return pad_sequence(values_N.split(list(counts)), batch_first=True)


def in_a_row(values_BE: Tensor, counts: Sequence[int]) -> Tensor:
    """The inverse of :func:`by_image`.

    Args:
        values_BE: shape (B, E, ...).
        counts: Expressions of each image.

    Returns:
        Tensor: shape (N, ...), without padding.
    """
    return torch.cat([row[:count] for row, count in zip(values_BE, counts)])


def shrink_masks(masks_NHW: Tensor, size: Tuple[int, int]) -> Tensor:
    """Which part of each cell of a coarser grid a mask covers: a target without stairs.

    Args:
        masks_NHW: 0 or 1, shape (N, H, W).
        size: Rows and columns of the grid, (h, w).

    Returns:
        Tensor: 0 to 1, float32, shape (N, h, w).
    """
    return F.interpolate(masks_NHW[:, None].float(), size, mode='area')[:, 0]


def enlarge_logits(logits_Ehw: Tensor, padded: Tuple[int, int], shape: Tuple[int, int],
                   original: Tuple[int, int]) -> Tensor:
    """Logits at the pixels of the image as it was before it was resized and padded.

    Args:
        logits_Ehw: Of a padded image, shape (E, h, w).
        padded: Rows and columns of the network's input, in pixels.
        shape: Rows and columns of it that are not padding.
        original: Rows and columns of the image.

    Returns:
        Tensor: shape (E, *original), float32.
    """

    def resize(x: Tensor, size: Sequence[int]) -> Tensor:
        return F.interpolate(x[None], tuple(size), mode='bilinear', align_corners=False)[0]

    inside = resize(logits_Ehw.float(), padded)[:, :shape[0], :shape[1]]
    return resize(inside, original)


def mean_inside(probabilities_EHW: Tensor, masks_EHW: Tensor) -> Tensor:
    """How sure a mask is: the mean probability of its pixels (Mask2Former's score of a mask), 0 for an empty one.

    Args:
        probabilities_EHW: shape (E, H, W).
        masks_EHW: bool, shape (E, H, W).

    Returns:
        Tensor: shape (E, ).
    """
    return (probabilities_EHW * masks_EHW).sum((1, 2)) / masks_EHW.sum((1, 2)).clamp(min=1)

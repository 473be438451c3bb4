"""Region attention: a softmax over the patch tokens inside a box (RICE, sec. 3.2: M = 0 inside, -inf outside).

The paper does not say how a box becomes a mask. Here a token belongs to a box when its centre lies inside; along an
axis on which no centre does, the token nearest to the box's middle does, so that a thin box (a line of text) keeps all
tokens that it runs through and no region is ever empty.
"""
from typing import List, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


def _inside(low: Tensor, high: Tensor, length: int, patch_size: int) -> Tensor:
    """Which of ``length`` cells along one axis belong to intervals, shape (..., length) from ends (...)."""
    centers = (torch.arange(length, device=low.device) + 0.5) * patch_size
    inside = (centers >= low[..., None]) & (centers < high[..., None])
    nearest = ((low + high) / 2 / patch_size).floor().clamp(0, length - 1).long()
    lonely = ~inside.any(-1, keepdim=True)
    return inside | (lonely & F.one_hot(nearest, length).bool())


def region_token_mask(boxes: Tensor, grid: Tuple[int, int], patch_size: int) -> Tensor:
    """Rasterise boxes on the token grid.

    Args:
        boxes: xyxy in pixels of the network's input, shape (..., 4).
        grid: Rows and columns of the token grid, (h, w).
        patch_size: Pixels a side of a patch.

    Returns:
        Tensor: True where a token belongs to a box, shape (..., h * w), row-major; never all False.
    """
    x1, y1, x2, y2 = boxes.unbind(-1)
    rows = _inside(y1, y2, grid[0], patch_size)
    cols = _inside(x1, x2, grid[1], patch_size)
    return (rows[..., :, None] & cols[..., None, :]).flatten(-2)


def pad_boxes(boxes: List[Tensor]) -> Tuple[Tensor, Tensor]:
    """Stack boxes, or masks, of images with different numbers of regions.

    Args:
        boxes: Per image, shape (K_i, 4), or (K_i, h, w).

    Returns:
        tuple: Boxes padded with zeros, shape (B, K, 4) with K the largest K_i, float32; and which are real, bool, shape
        (B, K).
    """
    counts = torch.tensor([len(box) for box in boxes], device=boxes[0].device)
    padded = pad_sequence([box.float() for box in boxes], batch_first=True)
    return padded, torch.arange(padded.size(1), device=counts.device) < counts[:, None]


def masked_weights(query: Tensor, key: Tensor, mask: Tensor) -> Tensor:
    """Softmax weights of each region over its own tokens: they sum to one, and are zero outside the region.

    Args:
        query: shape (B, heads, K, head_dims).
        key: shape (B, heads, L, head_dims).
        mask: True inside a region, shape (B, K, L), at least one True in each row.

    Returns:
        Tensor: shape (B, heads, K, L), float32 (float64 for float64).
    """
    scores = query * query.size(-1)**-0.5 @ key.transpose(-2, -1)
    return scores.masked_fill(~mask[:, None], -torch.inf).softmax(dim=-1, dtype=torch.promote_types(
        scores.dtype, torch.float32))


def masked_pool(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """Softmax attention of each region over its own tokens; keys and values are shared by the regions of an image.

    Plain products: regions are few, so the scores are small, and the CPU's fused kernel takes many times as long with a
    mask. The softmax is in float32.

    Args:
        query: shape (B, heads, K, head_dims).
        key, value: shape (B, heads, L, head_dims).
        mask: True inside a region, shape (B, K, L), at least one True in each row.

    Returns:
        Tensor: shape (B, K, heads * head_dims).
    """
    weights = masked_weights(query, key, mask)
    return (weights.to(value.dtype) @ value).transpose(1, 2).flatten(2)

"""Patch tokens and boxes in, one vector a region out, without weights."""
from typing import Any, List, Tuple


def roi_align_tokens(patches: Any, grid: Tuple[int, int], boxes: List[Any], patch_size: int) -> Any:
    """Mean of 7 x 7 bilinear samples of each box, patch tokens (B, L, C) to (sum of K_i, C)."""
    from torchvision.ops import roi_align
    maps = patches.transpose(1, 2).unflatten(2, grid)
    return roi_align(maps, list(boxes), 7, 1 / patch_size, sampling_ratio=1, aligned=True).mean((2, 3))


def mean_tokens(patches: Any, grid: Tuple[int, int], boxes: List[Any], patch_size: int) -> Any:
    """Mean of the tokens whose centre lies in each box (the nearest where there is none), shape (sum of K_i, C)."""
    import torch

    from mmrice.models.layers import region_token_mask
    masks = [region_token_mask(one, grid, patch_size).float() for one in boxes]
    return torch.cat([mask @ tokens / mask.sum(1, keepdim=True) for mask, tokens in zip(masks, patches)])

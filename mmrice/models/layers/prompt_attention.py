"""Attention between prompts and the tokens of their image, for all prompts of an image at once.

As if each region's prompts stood before the image's tokens in a sequence of their own; what the sequences have in
common is computed once.
"""
from typing import Tuple

import torch
from torch import Tensor


def attend_prompts(query: Tensor, key: Tensor, value: Tensor, image_key: Tensor, image_value: Tensor) -> Tensor:
    """What prompts see: each other, within a region, and the image.

    Args:
        query, key, value: Of the prompts, shape (B, K, P, heads, d).
        image_key, image_value: Of the tokens, shape (B, L, heads, d).

    Returns:
        Tensor: shape (B, K, P, heads, d).
    """
    among, towards = prompt_weights(query, key, image_key)
    return (torch.einsum('bkhpq,bkqhd->bkphd', among, value)
            + torch.einsum('bkhpl,blhd->bkphd', towards, image_value))


def prompt_weights(query: Tensor, key: Tensor, image_key: Tensor) -> Tuple[Tensor, Tensor]:
    """Softmax weights of :func:`attend_prompts`, same arguments; those of a prompt sum to one together.

    Returns:
        tuple: Over a region's prompts, shape (B, K, heads, P, P), and over the tokens, shape (B, K, heads, P, L).
    """
    query = query * query.size(-1)**-0.5
    among = torch.einsum('bkphd,bkqhd->bkhpq', query, key)
    towards = torch.einsum('bkphd,blhd->bkhpl', query, image_key)
    weights = torch.cat([among, towards], dim=-1).softmax(dim=-1)
    return weights.split([key.size(2), image_key.size(1)], dim=-1)


def attend_image(query: Tensor, key: Tensor, value: Tensor, prompt_key: Tensor, prompt_value: Tensor) -> Tensor:
    """What tokens see: the image, and one region's prompts.

    Args:
        query, key, value: Of the tokens, shape (B, L, heads, d).
        prompt_key, prompt_value: shape (B, K, P, heads, d).

    Returns:
        Tensor: shape (B, K, L, heads, d).
    """
    query = query * query.size(-1)**-0.5
    scores = torch.einsum('blhd,bmhd->bhlm', query, key)
    within = torch.einsum('bhlm,bmhd->bhld', scores.softmax(dim=-1), value)[:, None]  # (B, 1, heads, L, d)
    towards = torch.einsum('blhd,bkphd->bkhlp', query, prompt_key)
    whole = scores.logsumexp(dim=-1)[:, None, :, :, None].expand(*towards.shape[:-1], 1)
    shares = torch.cat([whole, towards], dim=-1).softmax(dim=-1)
    mixed = shares[..., :1] * within + torch.einsum('bkhlp,bkphd->bkhld', shares[..., 1:], prompt_value)
    return mixed.transpose(2, 3)


def sine_positions(places: Tensor, channels: int) -> Tensor:
    """Sines and cosines of places, of wavelengths from two image sides to a sixteenth of one.

    CLOC (sec. 3.3) says "sinusoidal positional encoding" and no more; the range of wavelengths is a choice.

    Args:
        places: x and y as fractions of the image's sides, shape (..., 2).
        channels: C, a multiple of 4.

    Returns:
        Tensor: shape (..., C): x's sines and cosines, then y's.
    """
    steps = torch.linspace(0, 1, channels // 4, device=places.device, dtype=places.dtype)
    angles = places[..., None] * (torch.pi * 32**steps)
    return torch.cat([angles.sin(), angles.cos()], dim=-1).flatten(-2)

"""Multi-head self-attention with rotary positions, global or in windows."""
from typing import Callable, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .linear import Linear
from .rope import rotate
from .window import Windows

Rope = Tuple[Tensor, Tensor, Optional[Tensor]]  # arguments of `rotate`


_MOST_SCORES = 2**25


def _plain_is_faster(query: Tensor, key: Tensor) -> bool:
    """The CPU's fused kernel is slow in bfloat16 in the backward pass: forward and backward together, plain products
    take a third of its time at 197 tokens, and seven eighths at 4,097, where their scores are too large to keep."""
    return (query.dtype == torch.bfloat16 and query.device.type == 'cpu' and torch.is_grad_enabled()
            and query.shape[:-1].numel() * key.size(-2) <= _MOST_SCORES)


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Softmax attention without a mask.

    Args:
        query: shape (B, Lq, heads, head_dims).
        key, value: shape (B, L, heads, head_dims).

    Returns:
        Tensor: shape (B, Lq, heads, head_dims).
    """
    query, key, value = (x.transpose(1, 2) for x in (query, key, value))
    if _plain_is_faster(query, key):
        mixed = (query * query.size(-1)**-0.5 @ key.transpose(-2, -1)).softmax(dim=-1) @ value
    else:
        mixed = F.scaled_dot_product_attention(query, key, value)
    return mixed.transpose(1, 2)


def attend_causally(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Softmax attention in which a position sees itself and those before it, shapes as in :func:`attend`."""
    query, key, value = (x.transpose(1, 2) for x in (query, key, value))
    return F.scaled_dot_product_attention(query, key, value, is_causal=True).transpose(1, 2)


def attend_in_windows(query: Tensor, key: Tensor, value: Tensor, windows: Windows) -> Tensor:
    """Attention in which a patch sees the patches of its window and the class token, and the class token sees all.

    Args:
        query: shape (B, 1 + L, heads, head_dims), the class token first, patches in the order of ``windows``.
        key, value: The same; tokens behind them, shape (B, 1 + L + P, heads, head_dims), are seen by all.
        windows: How the patches are divided.

    Returns:
        Tensor: shape (B, 1 + L, heads, head_dims).
    """
    batch, number, *head = query.shape
    shared = [torch.cat([x[:, :1], x[:, number:]], dim=1)[:, None] for x in (key, value)]
    parts = [attend(query[:, :1], key, value)]
    start = 1
    for count, length in windows.groups:
        stop = start + count * length

        def inside(x: Tensor, start: int = start, stop: int = stop, shape: Tuple[int, int] = (count, length)) -> Tensor:
            return x[:, start:stop].unflatten(1, shape)

        seen = [torch.cat([whole.expand(-1, count, -1, -1, -1), inside(x)], dim=2)
                for whole, x in zip(shared, (key, value))]
        mixed = attend(inside(query).flatten(0, 1), *(x.flatten(0, 1) for x in seen))
        parts.append(mixed.reshape(batch, count * length, *head))
        start = stop
    return torch.cat(parts, dim=1)


class RotaryAttention(nn.Module):
    """Multi-head self-attention with rotated queries and keys.

    Args:
        embed_dims: Channels C.
        num_heads: Heads; with rotation C / num_heads must be a multiple of 4.
        causal: A token sees itself and those before it; for attention without windows. Defaults to False.

    Attributes:
        extra_tokens: Gives tokens, shape (P, C), that all others see and that see nothing; None for none.
    """

    def __init__(self, embed_dims: int, num_heads: int, causal: bool = False) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.causal = causal
        self.extra_tokens: Optional[Callable[[], Tensor]] = None
        self.qkv = Linear(embed_dims, 3 * embed_dims)
        self.proj = Linear(embed_dims, embed_dims)

    def forward(self, x: Tensor, rope: Optional[Rope], windows: Optional[Windows] = None) -> Tensor:
        """Attend.

        Args:
            x: shape (B, L, C).
            rope: Cosines and sines, each (L, 1, head_dims / 2), float32, and the learned angles of the first token or
                None, see :func:`rotate`. None leaves queries and keys as they are.
            windows: Attend in windows; the first token is the class token then. Defaults to None.

        Returns:
            Tensor: shape (B, L, C).
        """
        heads = self.qkv(x).unflatten(-1, (3 * self.num_heads, -1))
        pairs, value = heads.split([2 * self.num_heads, self.num_heads], dim=2)
        query, key = (pairs if rope is None else rotate(pairs, *rope)).chunk(2, dim=2)
        if self.extra_tokens is not None:
            key, value = self._with_extra(key, value)
        if windows is not None:
            mixed = attend_in_windows(query, key, value, windows)
        else:
            mixed = (attend_causally if self.causal else attend)(query, key, value)
        return self.proj(mixed.flatten(2))

    def _with_extra(self, key: Tensor, value: Tensor) -> Tuple[Tensor, Tensor]:
        _, *extra = self.qkv(self.extra_tokens()).unflatten(-1, (3, self.num_heads, -1)).unbind(dim=-3)
        return tuple(torch.cat([x, own.to(x).expand(len(x), -1, -1, -1)], dim=1) for x, own in zip((key, value), extra))

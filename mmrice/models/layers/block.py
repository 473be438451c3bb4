"""Pre-norm transformer block with rotary self-attention."""
from typing import Tuple

import torch
import torch.nn.functional as F
from mmcv.cnn.bricks import DropPath
from torch import Tensor, nn

from .rope import rotate


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Softmax attention without a mask, shapes (B, heads, L, head_dims).

    The CPU's fused kernel is slow in the backward pass in bfloat16: at 145 to 257 tokens plain products take a third of
    its time, forward and backward together.
    """
    if query.dtype == torch.bfloat16 and query.device.type == 'cpu' and torch.is_grad_enabled():
        return (query * query.size(-1)**-0.5 @ key.transpose(-2, -1)).softmax(dim=-1) @ value
    return F.scaled_dot_product_attention(query, key, value)


class RotaryAttention(nn.Module):
    """Multi-head self-attention with rotated queries and keys.

    Args:
        embed_dims: Channels C.
        num_heads: Heads; C / num_heads must be a multiple of 4.
    """

    def __init__(self, embed_dims: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(embed_dims, 3 * embed_dims)
        self.proj = nn.Linear(embed_dims, embed_dims)

    def forward(self, x: Tensor, rope: Tuple[Tensor, Tensor]) -> Tensor:
        """Attend.

        Args:
            x: shape (B, L, C).
            rope: Cosines and sines, each (L, C / num_heads), float32.

        Returns:
            Tensor: shape (B, L, C).
        """
        batch, length, _ = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        x = attend(rotate(q, *rope), rotate(k, *rope), v)
        return self.proj(x.transpose(1, 2).reshape(batch, length, -1))


class FeedForward(nn.Sequential):
    """Linear, exact GELU, Linear."""

    def __init__(self, embed_dims: int, hidden_dims: int) -> None:
        super().__init__(nn.Linear(embed_dims, hidden_dims), nn.GELU(), nn.Linear(hidden_dims, embed_dims))


class Block(nn.Module):
    """Pre-norm block: ``x + attn(norm1(x))``, then ``x + ffn(norm2(x))``.

    Args:
        embed_dims: Channels C.
        num_heads: Attention heads.
        ffn_dims: Hidden channels of the feed-forward network.
        drop_path: Probability to drop each of the two branches of a sample.
        norm_eps: Epsilon of the layer norms.
    """

    def __init__(self,
                 embed_dims: int,
                 num_heads: int,
                 ffn_dims: int,
                 drop_path: float = 0.,
                 norm_eps: float = 1e-5) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(embed_dims, eps=norm_eps)
        self.attn = RotaryAttention(embed_dims, num_heads)
        self.norm2 = nn.LayerNorm(embed_dims, eps=norm_eps)
        self.ffn = FeedForward(embed_dims, ffn_dims)
        self.drop_path = DropPath(drop_path) if drop_path > 0 else nn.Identity()

    def forward(self, x: Tensor, rope: Tuple[Tensor, Tensor]) -> Tensor:
        """Shapes as in :meth:`RotaryAttention.forward`."""
        x = x + self.drop_path(self.attn(self.norm1(x), rope))
        return x + self.drop_path(self.ffn(self.norm2(x)))

"""Pre-norm transformer block with rotary self-attention."""
from typing import Optional

import torch
from mmcv.cnn.bricks import DropPath
from torch import Tensor, nn

from .attention import Rope, RotaryAttention
from .linear import Linear, linear_gelu
from .window import Windows


def _is_hooked(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)


class FeedForward(nn.Sequential):
    """Linear, exact GELU, Linear."""

    def __init__(self, embed_dims: int, hidden_dims: int) -> None:
        super().__init__(Linear(embed_dims, hidden_dims), nn.GELU(), Linear(hidden_dims, embed_dims))

    def forward(self, x: Tensor) -> Tensor:
        """Shape (..., embed_dims) in and out. Without gradients, the first two layers are one pass unless replaced or
        hooked."""
        first, gelu, last = self
        if torch.is_grad_enabled() or type(first) is not Linear or _is_hooked(first) or _is_hooked(gelu):
            return super().forward(x)
        return last(linear_gelu(x, first.weight, first.bias))


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

    def forward(self, x: Tensor, rope: Optional[Rope], windows: Optional[Windows] = None) -> Tensor:
        """Shapes as in :meth:`RotaryAttention.forward`."""
        x = x + self.drop_path(self.attn(self.norm1(x), rope, windows))
        return x + self.drop_path(self.ffn(self.norm2(x)))

"""Pre-norm transformer block with self-attention, rotary or not."""
from typing import Optional

import torch
from mmcv.cnn.bricks import DropPath
from torch import Tensor, nn

from .attention import Rope, RotaryAttention
from .linear import Linear, linear_gelu
from .window import Windows


def _is_hooked(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)


class QuickGELU(nn.Module):
    """``x * sigmoid(1.702 x)``, the approximation of GELU in OpenAI's CLIP."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


ACTIVATIONS = {'gelu': nn.GELU, 'quick_gelu': QuickGELU}


class FeedForward(nn.Sequential):
    """Linear, exact GELU (or another one of :data:`ACTIVATIONS`), Linear."""

    def __init__(self, embed_dims: int, hidden_dims: int, activation: str = 'gelu') -> None:
        super().__init__(
            Linear(embed_dims, hidden_dims), ACTIVATIONS[activation](), Linear(hidden_dims, embed_dims))

    def forward(self, x: Tensor) -> Tensor:
        """Shape (..., embed_dims) in and out. Without gradients, the first two layers are one pass unless replaced or
        hooked."""
        first, gelu, last = self
        plain = type(first) is Linear and type(gelu) is nn.GELU and not _is_hooked(first) and not _is_hooked(gelu)
        if torch.is_grad_enabled() or not plain:
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
        causal: A token sees itself and those before it. Defaults to False.
        activation: Of the feed-forward network, one of :data:`ACTIVATIONS`. Defaults to 'gelu'.
    """

    def __init__(self,
                 embed_dims: int,
                 num_heads: int,
                 ffn_dims: int,
                 drop_path: float = 0.,
                 norm_eps: float = 1e-5,
                 causal: bool = False,
                 activation: str = 'gelu') -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(embed_dims, eps=norm_eps)
        self.attn = RotaryAttention(embed_dims, num_heads, causal)
        self.norm2 = nn.LayerNorm(embed_dims, eps=norm_eps)
        self.ffn = FeedForward(embed_dims, ffn_dims, activation)
        self.drop_path = DropPath(drop_path) if drop_path > 0 else nn.Identity()

    def forward(self, x: Tensor, rope: Optional[Rope], windows: Optional[Windows] = None) -> Tensor:
        """Shapes as in :meth:`RotaryAttention.forward`."""
        x = x + self.drop_path(self.attn(self.norm1(x), rope, windows))
        return x + self.drop_path(self.ffn(self.norm2(x)))

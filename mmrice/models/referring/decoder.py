"""One layer of the decoder of referring segmentation."""
from torch import Tensor, nn

from ..layers import FeedForward


class ReferringDecoderLayer(nn.Module):
    """Pre-norm: the tokens of an expression attend to one another, then to the image, then a feed-forward network.

    Keys and values of an image are computed once for all its expressions, and no expression sees another.

    Args:
        embed_dims: Channels C.
        num_heads: Attention heads.
        ffn_dims: Hidden channels of the feed-forward network.
    """

    def __init__(self, embed_dims: int, num_heads: int, ffn_dims: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(embed_dims)
        self.self_attn = nn.MultiheadAttention(embed_dims, num_heads, batch_first=True)
        self.norm2 = nn.LayerNorm(embed_dims)
        self.cross_attn = nn.MultiheadAttention(embed_dims, num_heads, batch_first=True)
        self.norm3 = nn.LayerNorm(embed_dims)
        self.ffn = FeedForward(embed_dims, ffn_dims)

    def forward(self, x_BESC: Tensor, is_padding_BES: Tensor, keys_BLC: Tensor, values_BLC: Tensor) -> Tensor:
        """Decode.

        Args:
            x_BESC: Tokens S of each expression E of an image, shape (B, E, S, C).
            is_padding_BES: Tokens that no other may see, bool, shape (B, E, S); in no expression all of them.
            keys_BLC, values_BLC: Tokens of the image, with and without their positions, shape (B, L, C).

        Returns:
            Tensor: shape (B, E, S, C).
        """
        own = self.norm1(x_BESC).flatten(0, 1)
        seen = self.self_attn(own, own, own, key_padding_mask=is_padding_BES.flatten(0, 1), need_weights=False)[0]
        x_BESC = x_BESC + seen.view_as(x_BESC)
        asked = self.norm2(x_BESC).flatten(1, 2)
        seen = self.cross_attn(asked, keys_BLC, values_BLC, need_weights=False)[0]
        x_BESC = x_BESC + seen.view_as(x_BESC)
        return x_BESC + self.ffn(self.norm3(x_BESC))

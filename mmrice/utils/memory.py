"""Closed formulas of what autograd keeps of a forward pass of the ViT and of region pooling, in bytes.

``stream`` is the bytes of a number of the residual stream and of what norms take, ``half`` that of what matrix products
take. With bfloat16 autocast on a GPU they are 4 and 2 (norms run in float32 there), on a CPU 2 and 2, in float32 4 and
4. Bytes of weights, and of weights cast for autocast, are not in here.
"""
from typing import Tuple


def block_bytes(tokens: int, embed_dims: int, num_heads: int, ffn_dims: int, stream: int = 4, half: int = 2) -> int:
    """What autograd keeps of one block for one image.

    With N tokens, C channels, F hidden channels:

    - the two norms keep their inputs, 2 N C of the stream, and two float32 statistics a token each;
    - the products: their inputs for qkv, proj and the two of the feed-forward network, N (C + C + C + F);
    - rotation and attention: queries, keys and values before rotation, of which the values are a part, 3 N C; rotated
      queries and keys, 2 N C, and a copy of those of the class token, 2 C; one float32 sum a head and token. The result
      of attention is the input of proj;
    - GELU keeps its input, N F.

    Args:
        tokens: N, the class token included.
        embed_dims: C.
        num_heads: Heads.
        ffn_dims: F.
        stream, half: See the module.
    """
    each = 2 * stream * embed_dims + half * (8 * embed_dims + 2 * ffn_dims) + 16 + 4 * num_heads
    return tokens * each + 2 * half * embed_dims


def vit_bytes(arch: Tuple[int, int, int, int],
              tokens: int,
              with_cp: bool = False,
              stream: int = 4,
              half: int = 2) -> Tuple[int, int]:
    """What autograd keeps of the layers and norms of :class:`mmrice.RICEViT` for one image.

    Args:
        arch: embed_dims, num_layers, num_heads, feedforward_channels.
        tokens: The class token included.
        with_cp: Layers are recomputed in the backward pass: each keeps its input alone.
        stream, half: See the module.

    Returns:
        tuple: Bytes kept until the backward pass, and bytes more while it passes one layer: the gradients of its hidden
        channels (two of F), of its input and its output, and what it keeps when it is recomputed, without its input.
    """
    embed_dims, num_layers, num_heads, ffn_dims = arch
    norms = 2 * tokens * (stream * embed_dims + 8)
    block = block_bytes(tokens, embed_dims, num_heads, ffn_dims, stream, half)
    passing = tokens * (2 * half * ffn_dims + 2 * stream * embed_dims)
    if with_cp:
        inputs = tokens * stream * embed_dims
        return norms + num_layers * inputs, block - inputs + passing
    return norms + num_layers * block, passing


def region_pool_bytes(patches: int,
                      regions: int,
                      embed_dims: int,
                      num_heads: int,
                      stream: int = 4,
                      half: int = 2) -> int:
    """What autograd keeps of the parameter-free pooling of :class:`mmrice.RegionTransformer` for one image.

    Keys and values are the same rotated patches, cast once for each product where the stream is wider; then the queries
    and the pooled regions, the masks, and the weights in float32 and as cast for the product.

    Args:
        patches: Without the class token.
        regions: Of the image.
        embed_dims: Channels.
        num_heads: Heads.
        stream, half: See the module.
    """
    rotated = patches * embed_dims * half * (1 if stream == half else 2)
    weights = num_heads * regions * patches * (4 + (half if half != 4 else 0))
    return rotated + 2 * regions * embed_dims * half + weights + regions * (patches + 1)

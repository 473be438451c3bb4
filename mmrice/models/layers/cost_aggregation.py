"""Layers that refine a cost volume: how like each class each patch is (CAT-Seg, Cho et al., CVPR 2024).

A volume has shape (B, N, L, C): images, classes, patches, channels. No layer has a parameter of a class, and no class
has a place in an order: N is whatever it is, and another order of the classes is another order of the results.
"""
from typing import Callable, Optional

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .attention import Rope, attend
from .block import FeedForward
from .linear import Linear
from .rope import rotate


def in_parts(step: Callable[[Tensor], Tensor], volume: Tensor, dim: int, size: int, recompute: bool = False) -> Tensor:
    """Apply a step that treats positions of a dimension alike, some at a time: the result is that of all at once.

    Without gradients, parts are written where they belong as they come, so that the result is held once.

    Args:
        step: Part -> result, the positions of ``dim`` in place.
        volume: What is divided.
        dim: Along this dimension.
        size: Positions at a time, at least 1.
        recompute: Keep a part's input alone, and compute the part again in the backward pass. Defaults to False.
    """
    def run(part: Tensor) -> Tensor:
        again = recompute and torch.is_grad_enabled()
        return checkpoint(step, part, use_reentrant=False) if again else step(part)

    parts = volume.split(max(size, 1), dim)
    first = run(parts[0])
    if len(parts) == 1:
        return first
    if torch.is_grad_enabled():
        return torch.cat([first, *map(run, parts[1:])], dim)
    result = first.new_empty([*first.shape[:dim], volume.size(dim), *first.shape[dim + 1:]])
    places = result.split(max(size, 1), dim)
    places[0].copy_(first)
    for place, part in zip(places[1:], parts[1:]):
        place.copy_(run(part))
    return result


class GuidedBlock(nn.Module):
    """Pre-norm block of attention whose queries and keys know more than its values: guidance says who is like whom.

    A linear map of the concatenated channels, as CAT-Seg has, is the sum of two maps; that of the guidance is computed
    once for all that share it.

    Args:
        embed_dims: Channels C.
        guide_dims: Channels G of the guidance.
        num_heads: Heads; with rotation C / num_heads must be a multiple of 4.
        ffn_ratio: Hidden channels of the feed-forward network over C. Defaults to 4.
    """

    def __init__(self, embed_dims: int, guide_dims: int, num_heads: int, ffn_ratio: float = 4.) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm1 = nn.LayerNorm(embed_dims)
        self.query_key = Linear(embed_dims, 2 * embed_dims)
        self.guide = Linear(guide_dims, 2 * embed_dims, bias=False)
        self.value = Linear(embed_dims, embed_dims)
        self.proj = Linear(embed_dims, embed_dims)
        self.norm2 = nn.LayerNorm(embed_dims)
        self.ffn = FeedForward(embed_dims, int(ffn_ratio * embed_dims))

    def forward(self, x: Tensor, guide: Tensor, rope: Optional[Rope] = None) -> Tensor:
        """Attend along the last dimension but one.

        Args:
            x: shape (B, M, L, C).
            guide: shape (B, M, L, G), or 1 for B and M.
            rope: Of the L positions, see :meth:`.attention.RotaryAttention.forward`; None for a set without order.

        Returns:
            Tensor: shape (B, M, L, C).
        """
        normed = self.norm1(x)
        pairs = (self.query_key(normed) + self.guide(guide)).flatten(0, 1).unflatten(-1, (2 * self.num_heads, -1))
        query, key = (pairs if rope is None else rotate(pairs, *rope)).chunk(2, dim=2)
        value = self.value(normed).flatten(0, 1).unflatten(-1, (self.num_heads, -1))
        x = x + self.proj(attend(query, key, value).flatten(2)).view_as(x)
        return x + self.ffn(self.norm2(x))


class AggregationLayer(nn.Module):
    """Patches of a class's map see each other, guided by the image; then classes at a patch do, guided by their texts.

    CAT-Seg's patches see each other in shifted windows (Swin) and its classes by linear attention on a map of half
    size; here both are full attention, with rotary positions of patches: an input of the pretraining's size has few.

    Args:
        embed_dims: Channels C.
        guide_dims: Channels G of the guidance.
        num_heads: Heads, see :class:`GuidedBlock`.
    """

    def __init__(self, embed_dims: int, guide_dims: int, num_heads: int) -> None:
        super().__init__()
        self.patches = GuidedBlock(embed_dims, guide_dims, num_heads)
        self.classes = GuidedBlock(embed_dims, guide_dims, num_heads)

    def forward(self, volume: Tensor, image: Tensor, texts: Tensor, rope: Rope, at_once: int,
                recompute: bool = False) -> Tensor:
        """Refine a volume.

        Args:
            volume: shape (B, N, L, C).
            image: Guidance of the patches, shape (B, L, G).
            texts: Guidance of the classes, shape (N, G).
            rope: Of the L patches.
            at_once: Cells of the volume that are worked on at a time.
            recompute: See :func:`in_parts`.

        Returns:
            Tensor: shape (B, N, L, C).
        """
        batch, classes, patches, _ = volume.shape
        volume = in_parts(lambda part: self.patches(part, image[:, None], rope), volume, 1,
                          at_once // (batch * patches), recompute)
        return in_parts(lambda part: self.classes(part.transpose(1, 2), texts[None, None]).transpose(1, 2), volume, 2,
                        at_once // (batch * classes), recompute)


class GuidedUpsample(nn.Module):
    """Twice the size by a transposed convolution, then two convolutions that see an earlier map of the encoder.

    Args:
        in_channels: Channels C.
        out_channels: Channels D; group norms have 16 channels a group, or all in one.
        guide_channels: Channels E of the encoder's map.
        guide_dims: Channels that it is brought to.
    """

    def __init__(self, in_channels: int, out_channels: int, guide_channels: int, guide_dims: int) -> None:
        super().__init__()
        norm = dict(type='GN', num_groups=max(1, out_channels // 16))
        self.up = nn.ConvTranspose2d(in_channels, out_channels, 2, stride=2)
        self.guide = nn.Sequential(nn.LayerNorm(guide_channels), Linear(guide_channels, guide_dims))
        self.convs = nn.Sequential(
            ConvModule(out_channels + guide_dims, out_channels, 3, padding=1, norm_cfg=norm),
            ConvModule(out_channels, out_channels, 3, padding=1, norm_cfg=norm))

    def prepare(self, guide: Tensor, size: tuple) -> Tensor:
        """An encoder's map, shape (B, h, w, E), for all classes: in few channels and of the wanted size."""
        return F.interpolate(self.guide(guide).permute(0, 3, 1, 2), size, mode='bilinear', align_corners=False)

    def forward(self, maps: Tensor, guide: Tensor) -> Tensor:
        """Enlarge.

        Args:
            maps: shape (B * N, C, h, w).
            guide: From :meth:`prepare`, shape (B, G, 2h, 2w).

        Returns:
            Tensor: shape (B * N, D, 2h, 2w).
        """
        maps = self.up(maps)
        guide = guide.repeat_interleave(len(maps) // len(guide), dim=0)
        return self.convs(torch.cat([maps, guide.to(maps)], dim=1))

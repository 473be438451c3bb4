"""RegionTransformer: tokens of an image and boxes in, one embedding a region out."""
from typing import Any, List, Tuple, Union

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrice.registry import MODELS

from ..layers import (
    FeedForward,
    axial_angles,
    grid_angles,
    init_transformer,
    masked_pool,
    masked_weights,
    pad_boxes,
    region_token_mask,
    rotate,
    rotation,
)


def _heads(x: Tensor, num_heads: int) -> Tensor:
    """(B, L, C) to (B, heads, L, C / heads)."""
    return x.unflatten(-1, (num_heads, -1)).transpose(1, 2)


class RegionLayer(BaseModule):
    """Pre-norm block in which region queries attend to the patch tokens inside their box, then a feed-forward network.

    The paper (sec. 3.2) gives the masked softmax and says "layers"; their projections, residuals and feed-forward
    networks are not stated and are those of an ordinary pre-norm decoder layer here.
    """

    def __init__(self, embed_dims: int, num_heads: int, ffn_dims: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm1 = nn.LayerNorm(embed_dims)
        self.q = nn.Linear(embed_dims, embed_dims)
        self.kv = nn.Linear(embed_dims, 2 * embed_dims)
        self.proj = nn.Linear(embed_dims, embed_dims)
        self.norm2 = nn.LayerNorm(embed_dims)
        self.ffn = FeedForward(embed_dims, ffn_dims)

    def forward(self, regions: Tensor, patches: Tensor, mask: Tensor, region_rope: Tuple[Tensor, Tensor],
                patch_rope: Tuple[Tensor, Tensor]) -> Tensor:
        """Update region queries.

        Args:
            regions: shape (B, K, C).
            patches: shape (B, L, C).
            mask: True inside a region, shape (B, K, L).
            region_rope: Rotation of the box centres, each (B, 1, K, head_dims / 2).
            patch_rope: Rotation of the patches, each (L, head_dims / 2).

        Returns:
            Tensor: shape (B, K, C).
        """
        query, key, value = self._project(regions, patches, region_rope, patch_rope)
        regions = regions + self.proj(masked_pool(query, key, value, mask))
        return regions + self.ffn(self.norm2(regions))

    def attention(self, regions: Tensor, patches: Tensor, mask: Tensor, region_rope: Tuple[Tensor, Tensor],
                  patch_rope: Tuple[Tensor, Tensor]) -> Tensor:
        """Weights with which :meth:`forward` averages the tokens, same arguments; shape (B, heads, K, L)."""
        query, key, _ = self._project(regions, patches, region_rope, patch_rope)
        return masked_weights(query, key, mask)

    def _project(self, regions: Tensor, patches: Tensor, region_rope: Tuple[Tensor, Tensor],
                 patch_rope: Tuple[Tensor, Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
        query = _heads(self.q(self.norm1(regions)), self.num_heads)
        key, value = (_heads(x, self.num_heads) for x in self.kv(patches).chunk(2, dim=-1))
        return rotate(query, *region_rope), rotate(key, *patch_rope), value


@MODELS.register_module()
class RegionTransformer(BaseModule):
    """One embedding for each box of each image, from one pass over the image's tokens.

    Two forms:

    - ``num_layers=0``: the masked pooling of the authors' code, without parameters of its own: the class token is the
      query, neither projected nor rotated; keys and values are the patch tokens, *both* rotated by their (row, column)
      angles; then the projection that the global embedding shares.
    - ``num_layers>0``: the Region Transformer layers of the paper (sec. 3.2). The paper does not say what the first
      query is: here the class token, rotated in each layer by the (row, column) of its box's centre, so that attention
      knows where in the box a token lies.

    Keys and values are computed once an image, not once a region as in the authors' code.

    Args:
        in_channels (int): Channels C of the tokens.
        out_channels (int): Dims D of a region embedding.
        num_heads (int): Attention heads; those of the backbone for the authors' form.
        patch_size (int): Pixels a side of a patch.
        num_layers (int): Region Transformer layers; 0 is the authors' pooling. Defaults to 0.
        ffn_ratio (float): Hidden channels of the layers over C. Defaults to 4.
        init_cfg (dict, optional): Weights to load. Defaults to None.

    Example:
        >>> import torch
        >>> from mmrice.models import RegionTransformer
        >>> neck = RegionTransformer(192, 64, num_heads=3, patch_size=16)
        >>> boxes = [torch.tensor([[0., 0., 32., 32.]]), torch.tensor([[0., 0., 64., 16.], [16., 0., 64., 64.]])]
        >>> neck(torch.rand(2, 17, 192), (4, 4), boxes).shape
        torch.Size([3, 64])
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int,
                 num_heads: int,
                 patch_size: int,
                 num_layers: int = 0,
                 ffn_ratio: float = 4.,
                 init_cfg: Union[dict, None] = None) -> None:
        super().__init__(init_cfg)
        self.num_heads = num_heads
        self.head_dims = in_channels // num_heads
        self.patch_size = patch_size
        self.layers = nn.ModuleList(
            RegionLayer(in_channels, num_heads, int(in_channels * ffn_ratio)) for _ in range(num_layers))
        self.norm = nn.LayerNorm(in_channels) if num_layers else nn.Identity()
        self.proj = nn.Linear(in_channels, out_channels, bias=False)
        init_transformer(self.layers)
        nn.init.normal_(self.proj.weight, std=in_channels**-0.5)

    def forward(self, tokens: Tensor, grid: Tuple[int, int], boxes: List[Tensor]) -> Tensor:
        """Embed regions.

        Args:
            tokens: Class token and row-major patch tokens, shape (B, 1 + h * w, C).
            grid: Rows and columns of the patches, (h, w).
            boxes: Per image, xyxy in pixels of the network's input, shape (K_i, 4); K_i may be 0.

        Returns:
            Tensor: shape (sum of K_i, D), images in order and regions in order within an image; not normalised.
        """
        padded, real = pad_boxes(boxes)
        inputs = self._inputs(tokens, grid, padded)
        if self.layers:
            regions = self._attend(self.layers, *inputs)
        else:
            query, patches, mask, _, patch_rope = inputs
            rotated = rotate(_heads(patches, self.num_heads), *patch_rope)
            regions = masked_pool(_heads(query, self.num_heads), rotated, rotated, mask)
        return self.proj(self.norm(regions[real]))

    def attention(self, tokens: Tensor, grid: Tuple[int, int], boxes: List[Tensor]) -> Tensor:
        """Where regions look: the softmax weights over the patch tokens, of the last layer where there are layers.

        Args:
            tokens, grid, boxes: See :meth:`forward`.

        Returns:
            Tensor: shape (sum of K_i, heads, h, w); the weights of a head sum to one and are zero outside the box.
        """
        padded, real = pad_boxes(boxes)
        query, *rest = self._inputs(tokens, grid, padded)
        if self.layers:
            weights = self.layers[-1].attention(self._attend(self.layers[:-1], query, *rest), *rest)
        else:
            patches, mask, _, patch_rope = rest
            rotated = rotate(_heads(patches, self.num_heads), *patch_rope)
            weights = masked_weights(_heads(query, self.num_heads), rotated, mask)
        return weights.transpose(1, 2)[real].unflatten(-1, grid)

    def _inputs(self, tokens: Tensor, grid: Tuple[int, int], boxes: Tensor) -> Tuple:
        """Queries (B, K, C), patches (B, L, C), mask (B, K, L), and the rotations of regions and of patches."""
        center = (boxes[..., :2] + boxes[..., 2:]) / 2 / self.patch_size - 0.5  # token r covers rows r - 0.5 to r + 0.5
        angles = axial_angles(center[..., 1], center[..., 0], self.head_dims)
        return (tokens[:, :1].expand(-1, boxes.size(1), -1), tokens[:, 1:],
                region_token_mask(boxes, grid, self.patch_size), rotation(angles[:, None]),
                rotation(grid_angles(grid, self.head_dims, tokens.device)))

    @staticmethod
    def _attend(layers: nn.ModuleList, regions: Tensor, *rest: Any) -> Tensor:
        for layer in layers:
            regions = layer(regions, *rest)
        return regions

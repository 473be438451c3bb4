"""CostAggregationHead: which class each pixel shows, out of cosines of patches with names of classes."""
import math
from typing import Any, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from mmrice.registry import MODELS
from mmrice.utils import UserError

from ..layers import Linear, grid_angles, init_transformer, rotation
from ..layers.cost_aggregation import AggregationLayer, GuidedUpsample, in_parts


@MODELS.register_module()
class CostAggregationHead(BaseDecodeHead):
    """Open-vocabulary segmentation head that refines cosines instead of learning classes, after CAT-Seg (CVPR 2024).

    The cosines of patches with names of classes are a cost volume; attention among the patches of a class and among the
    classes at a patch refines it, an encoder's earlier maps lend edges, and what comes out is added to the cosines. The
    last layer starts from zero, so that an untrained head says what the cosines say, as :class:`mmrice.TextSegmentor`.

    Why this and no head with mask proposals (FC-CLIP, Yu et al., NeurIPS 2023): it trains on label maps with
    MMSegmentation's losses, needs neither matching nor masks of things, and holds nothing of a class: any number of
    any names can be asked for when testing. What it does not give is instances.

    Choices of this project, beside what :mod:`..layers.cost_aggregation` says: cosines are standardised over an image
    before they are embedded, since encoders differ in their level; the sum with the cosines; softmax cross-entropy as
    loss, where CAT-Seg has a binary one of each class (``loss_decode`` takes MMSegmentation's with ``use_sigmoid``).

    Memory: parts of the volume are worked on one after another, with the same result. What must be held for N classes
    and L patches of an image is the volume itself, N * L * ``embed_dims`` numbers: three times in testing, and what a
    part needs; 847 classes of 784 patches and 128 channels are 340 MB each in float32. Training keeps more for the
    backward pass, even with ``with_cp`` what is between any two steps: about 2 * ``num_layers`` + 3 volumes.

    Args:
        in_channels (int): Dims D of the embeddings.
        guide_channels (Sequence[int]): Channels of the encoder's earlier maps, from the last to the first; each doubles
            the size of the result. Defaults to (), no such map and the grid of the patches.
        embed_dims (int): Channels of the volume. Defaults to 128.
        num_layers (int): Layers of aggregation. Defaults to 2.
        num_heads (int): Attention heads. Defaults to 4.
        up_dims (Sequence[int]): Channels after each doubling, as many as ``guide_channels``. Defaults to ().
        guide_dims (int): Channels that each of the encoder's maps is brought to. Defaults to 32.
        scale (float): Of the cosines in the logits, learned from here. Defaults to 100, where CLIP's ends.
        at_once (int): Cells of the volume (class x patch x image) that are worked on at a time. Defaults to 131,072.
        with_cp (bool): Compute layers again in the backward pass instead of keeping them. Defaults to False.
        loss_decode (dict, optional): MMSegmentation's. Defaults to None: cross-entropy, the mean over what counts.
        init_cfg (dict, optional): Weights to load. Defaults to None.
        **kwargs: ``ignore_index`` and ``sampler`` of MMSegmentation's heads. The segmentor gives the classes, so that
            there is no ``num_classes``.

    Raises:
        UserError: Another number of ``up_dims``, or channels that the heads do not divide.
    """

    def __init__(self,
                 in_channels: int,
                 guide_channels: Sequence[int] = (),
                 embed_dims: int = 128,
                 num_layers: int = 2,
                 num_heads: int = 4,
                 up_dims: Sequence[int] = (),
                 guide_dims: int = 32,
                 scale: float = 100.,
                 at_once: int = 2**17,
                 with_cp: bool = False,
                 loss_decode: Optional[dict] = None,
                 init_cfg: Optional[dict] = None,
                 **kwargs: Any) -> None:
        if len(guide_channels) != len(up_dims) or embed_dims % (4 * num_heads):
            raise UserError(f'CostAggregationHead: guide_channels={list(guide_channels)} and up_dims={list(up_dims)}, '
                            f'expected as many of both; embed_dims={embed_dims}, expected a multiple of 4 * '
                            f'num_heads={4 * num_heads}.')
        loss_decode = loss_decode or dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True)
        super().__init__(in_channels, embed_dims, num_classes=1, threshold=0.5, dropout_ratio=0,
                         loss_decode=loss_decode, init_cfg=init_cfg, **kwargs)
        self.conv_seg = None  # a matrix of classes
        self.head_dims, self.at_once, self.with_cp = embed_dims // num_heads, at_once, with_cp
        self.embed = nn.Conv2d(1, embed_dims, 7, padding=3)
        self.image_guide = nn.Sequential(nn.LayerNorm(in_channels), Linear(in_channels, embed_dims))
        self.text_guide = nn.Sequential(nn.LayerNorm(in_channels), Linear(in_channels, embed_dims))
        self.layers = nn.ModuleList(AggregationLayer(embed_dims, embed_dims, num_heads) for _ in range(num_layers))
        dims = [embed_dims, *up_dims]
        self.upsamples = nn.ModuleList(
            GuidedUpsample(*pair, channels, guide_dims) for *pair, channels in zip(dims, dims[1:], guide_channels))
        self.predictor = nn.Conv2d(dims[-1], 1, 3, padding=1)
        self.log_scale = nn.Parameter(torch.tensor(math.log(scale)))
        init_transformer(self)
        nn.init.zeros_(self.predictor.weight)
        nn.init.zeros_(self.predictor.bias)

    def forward(self, inputs: Tuple[Tensor, Sequence[Tensor], Tensor]) -> Tensor:
        """Logits of classes.

        Args:
            inputs: Unit vectors of patches, shape (B, D, h, w), float32; the encoder's earlier maps, shape
                (B, h, w, channels), from the last to the first; unit vectors of the classes, shape (N, D), float32.

        Returns:
            Tensor: shape (B, N, h * 2 ** u, w * 2 ** u) for u doublings, float32.

        Raises:
            UserError: Another number of maps than the head was built for.
        """
        patches, guides, classes = inputs
        if len(guides) != len(self.upsamples):
            raise UserError(f'CostAggregationHead: the backbone gives {len(guides)} maps before its last, expected '
                            f'{len(self.upsamples)}, one for each of decode_head.up_dims. Set backbone.out_indices.')
        grid = patches.shape[-2:]
        with torch.autocast(patches.device.type, enabled=False):
            cosines = torch.einsum('bdhw,nd->bnhw', patches, classes)
        volume = self.aggregate(cosines, patches, classes)
        sizes = [(2**step * grid[0], 2**step * grid[1]) for step in range(1, len(guides) + 1)]
        maps = [step.prepare(guide, size) for step, guide, size in zip(self.upsamples, guides, sizes)]

        def enlarge(part: Tensor) -> Tensor:
            hidden = part.flatten(0, 1).transpose(1, 2).unflatten(2, grid)
            for step, guide in zip(self.upsamples, maps):
                hidden = step(hidden, guide)
            return self.predictor(hidden).unflatten(0, part.shape[:2]).squeeze(2)

        learned = in_parts(enlarge, volume, 1, self.at_once // (len(volume) * volume.size(2)), self.with_cp).float()
        return learned + self.log_scale.exp() * F.interpolate(
            cosines, learned.shape[-2:], mode='bilinear', align_corners=False)

    def aggregate(self, cosines: Tensor, patches: Tensor, classes: Tensor) -> Tensor:
        """The refined volume, shape (B, N, h * w, C), of cosines, shape (B, N, h, w); others as in ``forward``."""
        grid = patches.shape[-2:]
        costs = (cosines - cosines.mean((1, 2, 3), True)) / (cosines.std((1, 2, 3), keepdim=True) + 1e-6)

        def embed(part: Tensor) -> Tensor:
            return self.embed(part.flatten(0, 1)[:, None]).flatten(2).transpose(1, 2).unflatten(0, part.shape[:2])

        volume = in_parts(embed, costs, 1, self.at_once // (len(costs) * grid[0] * grid[1]), self.with_cp)
        image, texts = self.image_guide(patches.flatten(2).transpose(1, 2)), self.text_guide(classes)
        rope = (*rotation(grid_angles(tuple(grid), self.head_dims, patches.device)[:, None]), None)
        for layer in self.layers:
            volume = layer(volume, image, texts, rope, self.at_once, self.with_cp)
        return volume

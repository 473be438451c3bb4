"""ReferringMaskHead: text tokens and queries attend to the image; the queries give a mask."""
from typing import Dict, List, Optional, Sequence, Tuple

import torch
from mmdet.models.layers import SinePositionalEncoding
from mmdet.structures.mask import mask2bbox
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmrice.registry import MODELS

from ..layers import FeedForward, Linear
from .decoder import ReferringDecoderLayer
from .expressions import by_image, enlarge_logits, in_a_row, mean_inside, shrink_masks


@MODELS.register_module()
class ReferringMaskHead(BaseModule):
    """Decoder of expressions on image tokens, and the product of its mask embedding with pixel features.

    SigLIP 2 probes frozen encoders on RefCOCO with a decoder of six layers, for boxes. This one gives masks instead, as
    MaskFormer does: learned queries and the text's tokens attend to one another and to the image; the mean query
    becomes an embedding whose product with each pixel's feature is the logit of that pixel. All of this beyond the six
    layers is a choice of this project.

    Args:
        in_channels (int): Channels C of the maps, and the width of the decoder.
        text_dims (int): Dims of a text token.
        num_layers (int): Of the decoder. Defaults to 6.
        num_heads (int): Attention heads. Defaults to 8.
        ffn_dims (int): Hidden channels of the feed-forward networks. Defaults to 2048.
        num_queries (int): Learned queries of an expression. Defaults to 4.
        loss_mask (dict): Loss of each pixel. Defaults to MMDetection's binary cross-entropy.
        loss_dice (dict): Loss of each mask. Defaults to MMDetection's dice loss as in Mask2Former.
        init_cfg (dict, optional): Weights to load. Defaults to None.
    """

    def __init__(self,
                 in_channels: int,
                 text_dims: int,
                 num_layers: int = 6,
                 num_heads: int = 8,
                 ffn_dims: int = 2048,
                 num_queries: int = 4,
                 loss_mask: Optional[dict] = None,
                 loss_dice: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        self.positions = SinePositionalEncoding(in_channels // 2, normalize=True)
        self.queries = nn.Parameter(torch.empty(num_queries, in_channels))
        self.text_projection = Linear(text_dims, in_channels)
        self.layers = nn.ModuleList(
            ReferringDecoderLayer(in_channels, num_heads, ffn_dims) for _ in range(num_layers))
        self.norm = nn.LayerNorm(in_channels)
        self.mask_embedding = FeedForward(in_channels, in_channels)
        self.pixel_embedding = FeedForward(in_channels, in_channels)
        self.loss_mask = MODELS.build(loss_mask or dict(type='mmdet.CrossEntropyLoss', use_sigmoid=True))
        self.loss_dice = MODELS.build(loss_dice or dict(type='mmdet.DiceLoss', naive_dice=True, eps=1.))
        for parameter in self.parameters():  # as in DETR and Mask2Former
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)
        nn.init.normal_(self.queries)

    def forward(self, maps: Sequence[Tensor], text_NTC: Tensor, is_text_NT: Tensor, counts: Sequence[int]) -> Tensor:
        """Find what expressions refer to.

        Args:
            maps: Of the neck: the first gives the pixels, shape (B, C, h, w), the last the tokens to attend to.
            text_NTC: Tokens of the N expressions of all images, shape (N, T, text_dims).
            is_text_NT: False where a token is padding, bool, shape (N, T).
            counts: Expressions of each of the B images, at least one; their sum is N.

        Returns:
            Tensor: Logits of the masks, float32, shape (N, h, w).
        """
        queries_BEC = self._decode(maps[-1], by_image(self.text_projection(text_NTC), counts),
                                   ~by_image(is_text_NT, counts))
        masks_BEC = self.mask_embedding(self.norm(queries_BEC).mean(2))
        pixels_BhwC = self.pixel_embedding((maps[0] + self._positions(maps[0])).permute(0, 2, 3, 1))
        return in_a_row(torch.einsum('bec,bhwc->behw', masks_BEC, pixels_BhwC).float(), counts)

    def _decode(self, image: Tensor, text_BETC: Tensor, is_padding_BET: Tensor) -> Tensor:
        """The queries behind the last layer, shape (B, E, Q, C)."""
        values_BLC = image.flatten(2).transpose(1, 2)
        keys_BLC = values_BLC + self._positions(image).flatten(2).transpose(1, 2)
        queries = self.queries.to(text_BETC).expand(*text_BETC.shape[:2], -1, -1)
        tokens = torch.cat([queries, text_BETC], dim=2)
        is_padding = torch.cat([is_padding_BET.new_zeros(queries.shape[:3]), is_padding_BET], dim=2)
        for layer in self.layers:
            tokens = layer(tokens, is_padding, keys_BLC, values_BLC)
        return tokens[:, :, :len(self.queries)]

    def _positions(self, image: Tensor) -> Tensor:
        """Of each cell, shape (1, C, h, w): where expressions say left and right, features alone may not know it."""
        return self.positions(None, image[:1]).to(image)

    def loss(self, logits_Nhw: Tensor, masks_NHW: Tensor) -> Dict[str, Tensor]:
        """Compare with the masks referred to; every expression counts alike.

        Args:
            logits_Nhw: Of :meth:`forward`.
            masks_NHW: 0 or 1 at the pixels of the network's input, shape (N, H, W).

        Returns:
            dict: ``loss_mask`` and ``loss_dice``.
        """
        targets = shrink_masks(masks_NHW, logits_Nhw.shape[-2:])
        return dict(loss_mask=self.loss_mask(logits_Nhw, targets), loss_dice=self.loss_dice(logits_Nhw, targets))

    def predict(self, logits_Nhw: Tensor, counts: Sequence[int], metas: Sequence[dict]) -> List[InstanceData]:
        """Masks at the size of the images as they were.

        Args:
            logits_Nhw: Of :meth:`forward`.
            counts: Expressions of each image.
            metas: ``batch_input_shape``, ``img_shape``, ``ori_shape`` and ``text`` of each image.

        Returns:
            list: For each image, one entry an expression: ``masks`` (bool), their ``bboxes`` (xyxy in pixels),
            ``scores``, ``labels`` (running numbers) and ``label_names`` (the expressions).
        """
        return [self._instances(logits, meta) for logits, meta in zip(logits_Nhw.split(list(counts)), metas)]

    @staticmethod
    def _instances(logits: Tensor, meta: dict) -> InstanceData:
        sizes: List[Tuple[int, int]] = [meta[key][:2] for key in ('batch_input_shape', 'img_shape', 'ori_shape')]
        logits = enlarge_logits(logits, *sizes)
        masks = logits > 0
        return InstanceData(masks=masks, bboxes=mask2bbox(masks), scores=mean_inside(logits.sigmoid(), masks),
                            labels=torch.arange(len(masks), device=masks.device), label_names=list(meta['text']))

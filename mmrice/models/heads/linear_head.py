"""LinearHead: the linear probe of semantic segmentation."""
from typing import Any, Optional, Sequence, Union

from mmcv.cnn import build_norm_layer
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor

from mmrice.registry import MODELS


@MODELS.register_module()
class LinearHead(BaseDecodeHead):
    """Linear segmentation probe: a batch norm, dropout of whole channels and a 1x1 convolution, nothing else.

    DINOv3's ADE20K probe (``LinearHead`` of its segmentation evaluation; DINOv2's BNHead). The norm evens out the very
    unlike channel scales of frozen features, and is linear when testing. MMSegmentation's FCNHead without convolutions
    has the rest, but no norm.

    Args:
        in_channels (int | Sequence[int]): Channels C of the map; several with ``input_transform='resize_concat'`` and
            ``in_index``.
        norm_cfg (dict, optional): The norm. Defaults to None, ``dict(type='SyncBN')``: over the images of
            all GPUs; on a CPU and on one GPU it is an ordinary batch norm.
        **kwargs: See :class:`mmseg.models.decode_heads.decode_head.BaseDecodeHead`: ``num_classes`` is required,
            ``dropout_ratio`` defaults to 0.1.

    Example:
        >>> import mmrice, torch
        >>> from mmrice.models.heads.linear_head import LinearHead
        >>> LinearHead(32, num_classes=5).eval()((torch.rand(1, 32, 7, 9), )).shape
        torch.Size([1, 5, 7, 9])
    """

    def __init__(self, in_channels: Union[int, Sequence[int]], norm_cfg: Optional[dict] = None,
                 **kwargs: Any) -> None:
        norm_cfg = norm_cfg or dict(type='SyncBN')
        channels = in_channels if isinstance(in_channels, int) else sum(in_channels)
        super().__init__(in_channels, channels, norm_cfg=norm_cfg, **kwargs)
        self.norm = build_norm_layer(norm_cfg, channels)[1]

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Class scores of each patch.

        Args:
            inputs: Maps of the backbone, each of shape (B, C, h, w).

        Returns:
            Tensor: shape (B, num_classes, h, w), logits.
        """
        return self.cls_seg(self.norm(self._transform_inputs(inputs)))

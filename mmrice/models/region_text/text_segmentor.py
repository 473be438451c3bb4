"""TextSegmentor: which class each patch shows, by the names of the classes alone."""
from typing import Any, List

import torch
import torch.nn.functional as F
from mmseg.structures import SegDataSample
from torch import Tensor

from mmrice.registry import MODELS
from mmrice.utils import UserError

from .dense import DenseTextModel


@MODELS.register_module()
class TextSegmentor(DenseTextModel):
    """Open-vocabulary semantic segmentation without masks or training: cosines of patches with names of classes.

    Logits are enlarged bilinearly; sliding windows, test-time augmentation and metrics are MMSegmentation's.

    Args:
        backbone (dict): Any of :class:`mmrice.RICEViT`'s kind with ``patch_size``; its output is set to 'raw'.
        text_encoder (dict): See :class:`.base.RegionTextModel`.
        scale (float): Of the cosines in the logits; it matters where logits are averaged. Defaults to 100.
        **kwargs: See :class:`.dense.DenseTextModel`: one of ``pixel_neck``, ``neck`` and ``image_neck`` is needed.
    """

    def __init__(self, backbone: dict, text_encoder: dict, scale: float = 100., **kwargs: Any) -> None:
        super().__init__({**backbone, 'out_type': 'raw'}, text_encoder, **kwargs)
        self.scale = scale

    def loss(self, inputs: Tensor, data_samples: List[SegDataSample]) -> dict:
        """Not there.

        Raises:
            UserError: Always.
        """
        raise UserError('TextSegmentor has nothing to train. Test it: tools/test.py CONFIG CHECKPOINT.')

    def _forward(self, inputs: Tensor, data_samples: Any = None) -> Tensor:
        """Unit vectors of patches."""
        return self.extract_feat(inputs)

    def extract_feat(self, inputs: Tensor) -> Tensor:
        """Unit vectors of the patches of images (B, 3, H, W), float32, shape (B, D, h, w)."""
        return self.embed_patches(self.backbone(inputs)[-1], self.grid_of(inputs))

    def encode_decode(self, inputs: Tensor, batch_img_metas: List[dict]) -> Tensor:
        """Logits of images (B, 3, H, W), shape (B, classes, H, W)."""
        logits = self.scale * torch.einsum('bdhw,cd->bchw', self.extract_feat(inputs), self.class_vectors())
        return F.interpolate(logits, inputs.shape[-2:], mode='bilinear', align_corners=False)

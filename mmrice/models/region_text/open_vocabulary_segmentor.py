"""OpenVocabularySegmentor: a head that is trained on some classes and asked for others."""
from typing import Any, Optional, Tuple

import torch
from torch import Tensor, nn

from mmrice.registry import MODELS

from .class_names import ClassNames
from .dense import DenseTextModel


@MODELS.register_module()
class OpenVocabularySegmentor(DenseTextModel):
    """Open-vocabulary semantic segmentation by a head on an encoder whose patches lie among texts.

    The text encoder and what embeds patches stay as they were pretrained: no gradients, evaluation mode, vectors of
    classes computed once. Whether the image encoder does is the config's choice: :class:`mmrice.FrozenBackbone`,
    :class:`mmrice.AdaptedBackbone` (CAT-Seg tunes queries and values), or the encoder itself. The classes are those of
    the dataset at hand, which :class:`mmrice.DatasetClassesHook` hands over: one set for training, another for tests.

    Args:
        backbone (dict): With ``out_type='raw'``; the last of its outputs is compared with texts, those of earlier
            ``out_indices`` go to the head.
        text_encoder (dict): See :class:`.base.RegionTextModel`.
        decode_head (dict): A :class:`mmrice.CostAggregationHead`.
        train_cfg (dict, optional): MMSegmentation's. Defaults to None.
        **kwargs: See :class:`.dense.DenseTextModel`: one of ``pixel_neck``, ``neck`` and ``image_neck`` is needed.

    Example:
        >>> model = dict(type='mmrice.OpenVocabularySegmentor', pixel_neck=..., text_encoder=...,
        ...              backbone=dict(type='mmrice.FrozenBackbone', backbone=...),
        ...              decode_head=dict(type='mmrice.CostAggregationHead', in_channels=512),
        ...              init_cfg=dict(type='mmrice.PretrainedParts', checkpoint=..., parts=[...]))
    """

    def __init__(self, backbone: dict, text_encoder: dict, decode_head: dict, train_cfg: Optional[dict] = None,
                 **kwargs: Any) -> None:
        super().__init__(backbone, text_encoder, **kwargs)
        self.decode_head = MODELS.build(decode_head)
        self.train_cfg = train_cfg
        for part in self._fixed():
            part.requires_grad_(False)
        self._register_load_state_dict_pre_hook(_forget_vectors, with_module=True)

    def _fixed(self) -> Tuple[nn.Module, nn.Module]:
        return self.text_encoder, getattr(self, self.way)

    def train(self, mode: bool = True) -> 'OpenVocabularySegmentor':
        """Switch the mode of what is trained; vectors of classes stay, as the text encoder does."""
        super(ClassNames, self).train(mode)
        for part in self._fixed():
            part.eval()
        return self

    @torch.no_grad()
    def class_vectors(self) -> Tensor:
        """Unit vectors of the classes, float32, shape (N, D), computed once, see :class:`.class_names.ClassNames`."""
        with torch.autocast(next(self.text_encoder.parameters()).device.type, enabled=False):
            return super().class_vectors()

    def extract_feat(self, inputs: Tensor) -> Tuple[Tensor, Tuple[Tensor, ...], Tensor]:
        """What the head takes of images (B, 3, H, W), see :meth:`mmrice.CostAggregationHead.forward`."""
        *earlier, last = self.backbone(inputs)
        grid = self.grid_of(inputs)
        guides = tuple(tokens[:, -grid[0] * grid[1]:].unflatten(1, grid) for tokens in reversed(earlier))
        return self.embed_patches(last, grid), guides, self.class_vectors()


def _forget_vectors(model: OpenVocabularySegmentor, *args: Any) -> None:
    """Other weights of the text encoder are other vectors."""
    model._vectors = None

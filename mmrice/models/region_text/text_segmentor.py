"""TextSegmentor: which class each patch shows, by the names of the classes alone."""
from typing import Any, List, Optional, Sequence

import torch
import torch.nn.functional as F
from mmengine.config import ConfigDict
from mmseg.models.segmentors import BaseSegmentor, EncoderDecoder
from mmseg.structures import SegDataSample
from torch import Tensor

from mmrice.registry import MODELS
from mmrice.utils import UserError

from .class_names import Classes, ClassNames, Lines
from .texts import encode_texts, tokenizer_for


@MODELS.register_module()
class TextSegmentor(ClassNames, EncoderDecoder):
    """Open-vocabulary semantic segmentation without masks or training: cosines of patches with names of classes.

    The embedding of a patch is that of a box around it, by the pooling that was trained for boxes (``neck``); or the
    patch token through the projection of the class token (``image_neck``), as MaskCLIP (Zhou et al. 2022) starts from.
    Boxes around patches are a choice of this project. Logits are enlarged bilinearly; sliding windows, test-time
    augmentation and metrics are MMSegmentation's.

    Args:
        backbone (dict): Any of :class:`mmrice.RICEViT`'s kind with ``patch_size``.
        text_encoder (dict): See :class:`.base.RegionTextModel`.
        neck (dict, optional): A pooling of boxes, such as :class:`mmrice.Prompter`. Defaults to None.
        image_neck (dict, optional): From the class token, in a tuple, to the embedding of an image, last of a tuple.
            Defaults to None. One of both is needed; with both the neck counts.
        box_size (int): Side of the box around a patch, in patches. Defaults to 3.
        classes, templates: See :class:`mmrice.RegionRecognizer`.
        scale (float): Of the cosines in the logits; it matters where logits are averaged. Defaults to 100.
        test_cfg (dict): MMSegmentation's. Defaults to whole images.
        vocab_path, hf_tokenizer, data_preprocessor, init_cfg: See :class:`.base.RegionTextModel`.

    Raises:
        UserError: Neither neck nor image_neck, or a ``box_size`` below 1.
    """

    def __init__(self, backbone: dict, text_encoder: dict, neck: Optional[dict] = None,
                 image_neck: Optional[dict] = None, box_size: int = 3, classes: Optional[Classes] = None,
                 templates: Lines = ('{}', ), scale: float = 100., test_cfg: Optional[dict] = None,
                 vocab_path: Optional[str] = None, hf_tokenizer: Optional[str] = None,
                 data_preprocessor: Optional[dict] = None, init_cfg: Optional[dict] = None) -> None:
        BaseSegmentor.__init__(self, data_preprocessor, init_cfg)
        if (neck or image_neck) is None or box_size < 1:
            raise UserError(f'TextSegmentor: box_size={box_size}, neck={neck} and image_neck={image_neck}, expected a '
                            'size of 1 or more and one of both.')
        self.backbone = MODELS.build({**backbone, 'out_type': 'raw'})
        self.pooling = None if neck is None else MODELS.build(neck)
        self.image_neck = None if neck else MODELS.build({'_scope_': 'mmpretrain', **image_neck})
        self.text_encoder = MODELS.build(text_encoder)
        self.tokenizer = tokenizer_for(self.text_encoder, vocab_path, hf_tokenizer)
        self.box_size, self.scale, self.align_corners = box_size, scale, False
        self.test_cfg = ConfigDict(mode='whole') if test_cfg is None else test_cfg
        self.init_classes(classes, templates)
        self._register_load_state_dict_pre_hook(_take_neck)

    @property
    def out_channels(self) -> int:
        """Number of classes, as sliding windows ask for it."""
        return len(self.class_vectors())

    num_classes = out_channels

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
        tokens, patch = self.backbone(inputs)[-1], self.backbone.patch_size
        grid = inputs.size(-2) // patch, inputs.size(-1) // patch
        if self.pooling is None:
            patches = tokens[:, getattr(self.backbone, 'num_extra_tokens', 1):]
            vectors = self.image_neck((patches.flatten(0, 1), ))[-1]
        else:
            boxes = boxes_around(grid, patch, self.box_size, inputs.device)
            vectors = self.pooling(tokens, grid, [boxes] * len(inputs))
        return F.normalize(vectors.float(), dim=1).unflatten(0, (len(inputs), *grid)).permute(0, 3, 1, 2)

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Unit vectors of N texts, float32, shape (N, D)."""
        return encode_texts(self.text_encoder, self.tokenizer, texts, next(self.text_encoder.parameters()).device)

    def encode_decode(self, inputs: Tensor, batch_img_metas: List[dict]) -> Tensor:
        """Logits of images (B, 3, H, W), shape (B, classes, H, W)."""
        logits = self.scale * torch.einsum('bdhw,cd->bchw', self.extract_feat(inputs), self.class_vectors())
        return F.interpolate(logits, inputs.shape[-2:], mode='bilinear', align_corners=False)


def boxes_around(grid: tuple, patch_size: int, size: int, device: torch.device) -> Tensor:
    """Boxes of ``size`` x ``size`` patches around each patch, cut at the edges, xyxy in pixels, shape (h * w, 4)."""
    rows, columns = torch.meshgrid(*(torch.arange(side, device=device) + 0.5 for side in grid), indexing='ij')
    centers = torch.stack([columns, rows], dim=-1).flatten(0, 1)
    boxes = torch.cat([centers - size / 2, centers + size / 2], dim=1).clamp(min=0)
    limit = boxes.new_tensor([grid[1], grid[0], grid[1], grid[0]])
    return torch.minimum(boxes, limit) * patch_size


def _take_neck(state: dict, prefix: str, *args: Any) -> None:
    """A checkpoint's pooling is its ``neck``; a segmentor's neck is something else in MMSegmentation."""
    for key in [key for key in state if key.startswith(f'{prefix}neck.')]:
        state.setdefault(f'{prefix}pooling.{key[len(prefix) + 5:]}', state.pop(key))

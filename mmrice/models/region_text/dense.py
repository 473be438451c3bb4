"""DenseTextModel: what segmentors have in common that know their classes by name."""
from typing import Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmengine.config import ConfigDict
from mmseg.models.segmentors import BaseSegmentor, EncoderDecoder
from torch import Tensor

from mmrice.registry import MODELS
from mmrice.utils import UserError

from .class_names import Classes, ClassNames, Lines
from .texts import encode_texts, tokenizer_for


class DenseTextModel(ClassNames, EncoderDecoder):
    """An encoder whose patches lie among texts, and its text encoder, for MMSegmentation.

    Names of the parts are those of :class:`mmrice.CLOC` and :class:`mmrice.UMGCLIP`, whose checkpoints fit.

    Args:
        backbone (dict): Any of :class:`mmrice.RICEViT`'s kind with ``patch_size`` and ``out_type='raw'``.
        text_encoder (dict): See :class:`.base.RegionTextModel`.
        pixel_neck (dict, optional): A :class:`mmrice.MaskPooling`: each patch token by its projection.
        neck (dict, optional): A pooling of boxes, such as :class:`mmrice.Prompter`: a patch is the box around it, a
            choice of this project.
        image_neck (dict, optional): From the class token, in a tuple, to the embedding of an image, last of a tuple:
            each patch token by it, as MaskCLIP (Zhou et al. 2022) starts from. One of the three is needed; the first
            in this order counts, and the others are not built.
        box_size (int): Side of the box around a patch, in patches. Defaults to 3.
        classes, templates: See :class:`mmrice.RegionRecognizer`.
        test_cfg (dict, optional): MMSegmentation's. Defaults to whole images.
        vocab_path, hf_tokenizer, data_preprocessor, init_cfg: See :class:`.base.RegionTextModel`.

    Raises:
        UserError: No way to embed patches, or a ``box_size`` below 1.
    """

    def __init__(self, backbone: dict, text_encoder: dict, pixel_neck: Optional[dict] = None,
                 neck: Optional[dict] = None, image_neck: Optional[dict] = None, box_size: int = 3,
                 classes: Optional[Classes] = None, templates: Lines = ('{}', ), test_cfg: Optional[dict] = None,
                 vocab_path: Optional[str] = None, hf_tokenizer: Optional[str] = None,
                 data_preprocessor: Optional[dict] = None, init_cfg: Optional[dict] = None) -> None:
        BaseSegmentor.__init__(self, data_preprocessor, init_cfg)
        ways = dict(pixel_neck=pixel_neck, neck=neck, image_neck=image_neck)
        given = [name for name, part in ways.items() if part]
        if not given or box_size < 1:
            raise UserError(f'{type(self).__name__}: box_size={box_size} and {", ".join(given) or "no neck"}, expected '
                            'a size of 1 or more and one of pixel_neck, neck and image_neck.')
        self.backbone = MODELS.build(backbone)
        self.way = given[0]
        setattr(self, self.way, MODELS.build(
            {'_scope_': 'mmpretrain', **ways[self.way]} if self.way == 'image_neck' else ways[self.way]))
        self.text_encoder = MODELS.build(text_encoder)
        self.tokenizer = tokenizer_for(self.text_encoder, vocab_path, hf_tokenizer)
        self.box_size, self.align_corners = box_size, False
        self.test_cfg = ConfigDict(mode='whole') if test_cfg is None else test_cfg
        self.init_classes(classes, templates)

    @property
    def out_channels(self) -> int:
        """Number of classes, as sliding windows ask for it."""
        return len(self.class_vectors())

    num_classes = out_channels

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Unit vectors of N texts, float32, shape (N, D)."""
        return encode_texts(self.text_encoder, self.tokenizer, texts, next(self.text_encoder.parameters()).device)

    def embed_patches(self, tokens: Tensor, grid: Tuple[int, int]) -> Tensor:
        """Unit vectors of patches.

        Args:
            tokens: Of the encoder, shape (B, P + h * w, C); P stand before the patches.
            grid: Rows and columns of the patches, (h, w).

        Returns:
            Tensor: shape (B, D, h, w), float32.
        """
        patches = tokens[:, -grid[0] * grid[1]:]
        if self.way == 'pixel_neck':
            vectors = self.pixel_neck.project(patches)
        elif self.way == 'image_neck':
            vectors = self.image_neck((patches.flatten(0, 1), ))[-1]
        else:
            boxes = boxes_around(grid, self.backbone.patch_size, self.box_size, tokens.device)
            vectors = self.neck(torch.cat([tokens[:, :1], patches], dim=1), grid, [boxes] * len(tokens))
        vectors = F.normalize(vectors.float(), dim=-1)
        return vectors.view(len(tokens), *grid, -1).permute(0, 3, 1, 2)

    def grid_of(self, inputs: Tensor) -> Tuple[int, int]:
        """Rows and columns of the patches of images (B, 3, H, W)."""
        return inputs.size(-2) // self.backbone.patch_size, inputs.size(-1) // self.backbone.patch_size


def boxes_around(grid: Tuple[int, int], patch_size: int, size: int, device: torch.device) -> Tensor:
    """Boxes of ``size`` x ``size`` patches around each patch, cut at the edges, xyxy in pixels, shape (h * w, 4)."""
    rows, columns = torch.meshgrid(*(torch.arange(side, device=device) + 0.5 for side in grid), indexing='ij')
    centers = torch.stack([columns, rows], dim=-1).flatten(0, 1)
    boxes = torch.cat([centers - size / 2, centers + size / 2], dim=1).clamp(min=0)
    limit = boxes.new_tensor([grid[1], grid[0], grid[1], grid[0]])
    return torch.minimum(boxes, limit) * patch_size

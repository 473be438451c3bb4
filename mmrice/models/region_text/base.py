"""RegionTextModel: what region recognition, retrieval and grounding have in common."""
from typing import Any, List, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmdet.models.detectors.base import BaseDetector
from mmdet.structures import DetDataSample
from torch import Tensor

from mmrice.registry import MODELS
from mmrice.utils import UserError

from .geometry import crop_boxes, to_input
from .texts import encode_texts, tokenizer_for


class RegionTextModel(BaseDetector):
    """An encoder, a pooling of regions and a text encoder, as they were trained together; nothing is trained here.

    Names of the parts are those of :class:`mmrice.CLOC`, whose checkpoint fits. Annotations are in pixels of the image
    as it is stored, as in MMDetection's test pipelines: ``LoadAnnotations`` stands behind whatever resizes.

    Args:
        backbone (dict): Any of :class:`mmrice.RICEViT`'s kind; registers among its tokens are left out.
        text_encoder (dict): A :class:`mmrice.TextTransformer` with ``out_dims``.
        neck (dict, optional): Pools regions: tokens, grid and boxes in, one vector a box out.
        image_neck (dict, optional): From the class token, in a tuple, to the embedding of the image, last of a tuple;
            a name without prefix is MMPretrain's, as in a config of CLOC.
        pooling (str): 'neck', or 'crop': cut each box out and embed it as an image. Defaults to 'neck'.
        out_type (str): The type of the encoder's output, instead of that in ``backbone``. A ``neck`` needs 'raw'; where
            there is none, 'cls_token' will do. Defaults to 'raw'.
        crop_size (int): Side of a box that is cut out, px. Defaults to 224.
        vocab_path (str, optional): Merges of another byte-pair tokenizer. Defaults to None: CLIP's.
        hf_tokenizer (str, optional): Folder of a Hugging Face tokenizer instead. Defaults to None.
        data_preprocessor (dict, optional): Defaults to None.
        init_cfg (dict, optional): Weights to load. Defaults to None.
    """
    _crops_at_once = 64

    def __init__(self,
                 backbone: dict,
                 text_encoder: dict,
                 neck: Optional[dict] = None,
                 image_neck: Optional[dict] = None,
                 pooling: str = 'neck',
                 out_type: str = 'raw',
                 crop_size: int = 224,
                 vocab_path: Optional[str] = None,
                 hf_tokenizer: Optional[str] = None,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        if pooling not in ('neck', 'crop') or (image_neck if pooling == 'crop' else neck or image_neck) is None:
            raise UserError(f"{type(self).__name__}: pooling={pooling!r}, expected 'neck', which needs neck, or "
                            "'crop', which needs image_neck.")
        self.backbone = MODELS.build({**backbone, 'out_type': out_type})
        self.neck = None if neck is None else MODELS.build(neck)
        self.image_neck = None if image_neck is None else MODELS.build({'_scope_': 'mmpretrain', **image_neck})
        self.text_encoder = MODELS.build(text_encoder)
        self.pooling, self.crop_size = pooling, crop_size
        self.tokenizer = tokenizer_for(self.text_encoder, vocab_path, hf_tokenizer)

    def loss(self, batch_inputs: Tensor, batch_data_samples: List[DetDataSample]) -> dict:
        """Not there.

        Raises:
            UserError: Always.
        """
        raise UserError(f'{type(self).__name__} has nothing to train. Test it: tools/test.py CONFIG CHECKPOINT.')

    def _forward(self, batch_inputs: Tensor, batch_data_samples: Any = None) -> Tensor:
        """Tokens of images."""
        return self.extract_feat(batch_inputs)

    def extract_feat(self, batch_inputs: Tensor) -> Tensor:
        """Tokens of images of shape (B, 3, H, W).

        Returns:
            Tensor: Class token and patch tokens, shape (B, 1 + L, C), or the class token, (B, C), as ``out_type`` says.
        """
        tokens = self.backbone(batch_inputs)[-1]
        registers = getattr(self.backbone, 'num_extra_tokens', 1) - 1
        if tokens.dim() == 3 and registers > 0:
            tokens = torch.cat([tokens[:, :1], tokens[:, 1 + registers:]], dim=1)
        return tokens

    def embed_images(self, tokens: Tensor) -> Tensor:
        """Unit vectors of images, float32, shape (B, D), from their tokens."""
        class_token = tokens[:, 0] if tokens.dim() == 3 else tokens
        return F.normalize(self.image_neck((class_token, ))[-1].float(), dim=1)

    def embed_regions(self, inputs: Tensor, boxes: Sequence[Tensor], tokens: Optional[Tensor] = None) -> Tensor:
        """Embed regions by the pooling, or with 'crop' as images of their own, cut out of the input.

        Args:
            inputs: Images, shape (B, 3, H, W).
            boxes: Per image, xyxy in pixels of the input, shape (K_i, 4).
            tokens: Those of the images, where they are known. Defaults to None.

        Returns:
            Tensor: Unit vectors, float32, shape (sum of K_i, D).
        """
        if sum(map(len, boxes)) == 0:
            return inputs.new_empty(0, 0)
        if self.pooling == 'neck':
            tokens = self.extract_feat(inputs) if tokens is None else tokens
            regions = self.neck(tokens, grid_of(inputs, tokens), list(boxes))
            return F.normalize(regions.float(), dim=1)
        parts = [(image, part) for image, own in zip(inputs, boxes) for part in own.split(self._crops_at_once)
                 if len(part)]
        return torch.cat([self.embed_images(self.extract_feat(crop_boxes(image, part, self.crop_size)))
                          for image, part in parts])

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Unit vectors of N texts, float32, shape (N, D)."""
        device = next(self.text_encoder.parameters()).device
        return encode_texts(self.text_encoder, self.tokenizer, texts, device)


def grid_of(inputs: Tensor, tokens: Tensor) -> Tuple[int, int]:
    """Rows and columns of the patches of images (B, 3, H, W) whose tokens have shape (B, 1 + h * w, C).

    Raises:
        UserError: The number of tokens is not that of square patches and a class token.
    """
    (height, width), number = inputs.shape[-2:], tokens.size(1) - 1
    side = (height * width / max(number, 1))**0.5
    grid = round(height / side), round(width / side)
    if tokens.dim() != 3 or grid[0] * grid[1] != number:
        raise UserError(f'the backbone gives features of shape {tuple(tokens.shape)} for {height} x {width} pixels, '
                        "expected a class token and one for each square patch. Set model.out_type to 'raw'; an encoder "
                        'without class token has no neck here.')
    return grid


def boxes_of(sample: DetDataSample) -> Tensor:
    """The boxes to be embedded, in pixels of the network's input, float32, shape (K, 4).

    Raises:
        UserError: The sample has no boxes.
    """
    if 'bboxes' not in sample.get('gt_instances', ()):
        raise UserError(f'{sample.get("img_path", "an image")}: has no boxes. Put LoadAnnotations(with_bbox=True) into '
                        'the test pipeline, behind what resizes.')
    return to_input(sample.gt_instances.bboxes, sample.metainfo)

"""CLOC: contrastive localised language-image pretraining (wiring)."""
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from mmpretrain.models.selfsup.base import BaseSelfSupervisor
from torch import Tensor

from mmrice.registry import MODELS
from mmrice.structures import RegionDataSample
from mmrice.utils.errors import UserError

from ..heads.region_text_head import Paired
from .base import Regions, gather_regions


class Encoded(NamedTuple):
    """Images as all losses see them.

    Attributes:
        tokens: Class token and patch tokens, shape (B, 1 + h * w, C).
        grid: Rows and columns of the patches, (h, w).
        size: Height and width of the input in pixels.
        prepared: What a Prompter computes once for all that is asked of it; None for other necks.
    """
    tokens: Tensor
    grid: Tuple[int, int]
    size: Tuple[int, int]
    prepared: Any


@MODELS.register_module()
class CLOC(BaseSelfSupervisor):
    """Pretrain a backbone by the texts of its images and of their regions (CLOC, ICML 2025; no code was released).

    The image is encoded once. Its class token, projected, is contrasted with its caption; the neck turns each box into
    an embedding that is contrasted with the region's words, and finds boxes for words. With
    ``head=dict(region_weight=0)`` this is CLIP.

    The paper pools an image by attention, "as in OpenAI CLIP"; that of its ViTs is the class token, as here.

    Args:
        backbone (dict): A :class:`mmrice.RICEViT` with ``out_type='raw'``.
        neck (dict, optional): A :class:`mmrice.Prompter`, or another pooling of boxes without grounding. None without
            ``region_weight``.
        image_neck (dict): MMPretrain's ``LinearNeck``, from the class token to the text embedding's dims.
        text_encoder (dict): A :class:`mmrice.TextTransformer` or :class:`mmrice.HuggingFaceText` with ``out_dims``.
        head (dict): A :class:`mmrice.RegionTextHead`.
        data_preprocessor (dict, optional): Defaults to mmengine's ``ImgDataPreprocessor``, which normalises and stacks.
        init_cfg (dict, optional): Weights to load. Defaults to None.

    Raises:
        UserError: The head's weights ask for a neck, or for grounding, that is not there, or leave it unused.
    """

    def __init__(self,
                 backbone: dict,
                 image_neck: dict,
                 text_encoder: dict,
                 head: dict,
                 neck: Optional[dict] = None,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        data_preprocessor = {'type': 'mmengine.ImgDataPreprocessor', **(data_preprocessor or {})}
        super().__init__(backbone, neck, head, data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        if neck is None:
            self.neck = None
        self.image_neck, self.text_encoder = MODELS.build(image_neck), MODELS.build(text_encoder)
        grounds = getattr(self.neck, 'box_head', None) is not None
        if (neck is None) != (self.head.region_weight == 0):
            raise UserError('CLOC: model.neck and model.head.region_weight belong together: a neck and a weight above '
                            '0, or None and 0 (CLIP).')
        if neck is not None and grounds != (self.head.grounding_weight > 0):
            raise UserError(f'CLOC: model.head.grounding_weight={self.head.grounding_weight}, but the neck '
                            f'{"has" if grounds else "has no"} grounding. Give a Prompter grounding=True and the '
                            'head a weight above 0, or False and 0.')

    def extract_regions(self, inputs: Tensor, boxes: List[Tensor]) -> Tensor:
        """Embed regions: images (B, 3, H, W) and per-image boxes (K_i, 4), xyxy in pixels, to (sum of K_i, D)."""
        return self.pool(self.encode(inputs), boxes)

    def encode(self, inputs: Tensor) -> Encoded:
        """Encode images of shape (B, 3, H, W), once for all losses."""
        tokens, size = self.backbone(inputs)[-1], tuple(inputs.shape[-2:])
        grid = tuple(side // self.backbone.patch_size for side in size)
        prepared = self.neck.prepare(tokens, grid) if hasattr(self.neck, 'prepare') else None
        return Encoded(tokens, grid, size, prepared)

    def pool(self, images: Encoded, boxes: List[Tensor]) -> Tensor:
        """Embed regions by the neck; per-image boxes (K_i, 4), xyxy in pixels, to (sum of K_i, D)."""
        given = () if images.prepared is None else (images.prepared, )
        return self.neck(images.tokens, images.grid, boxes, *given)

    def loss(self, inputs: Tensor, data_samples: List[RegionDataSample]) -> Dict[str, Tensor]:
        """Losses of a batch.

        Args:
            inputs: Normalised images, shape (B, 3, H, W).
            data_samples: With ``caption_tokens`` and ``text_tokens`` of :class:`mmrice.TokenizeTexts`.

        Returns:
            dict: See :meth:`RegionTextHead.loss`.
        """
        images = self.encode(inputs)
        if self.neck is None:
            return self.head.loss(self.captioned(images, data_samples), None, None, None, (0, len(inputs)))
        words = gather_regions(data_samples, ['text'])
        return self.text_losses(images, data_samples, self.embed_texts(data_samples, inputs.device), words)

    def captioned(self, images: Encoded, data_samples: List[RegionDataSample]) -> Optional[Paired]:
        """Embeddings of the images that have a caption, and of the captions; None where they have no weight."""
        if not self.head.image_weight:
            return None
        places = [place for place, sample in enumerate(data_samples) if len(sample.caption_tokens)]
        captions = self.embed_tokens([data_samples[place].caption_tokens[None] for place in places],
                                     images.tokens.device)
        return Paired(self.image_neck((images.tokens[:, 0], ))[-1][places], captions)

    def text_losses(self, images: Encoded, data_samples: List[RegionDataSample], texts: Tensor, words: Regions,
                    pixels: Optional[Paired] = None, num_masked: int = 0) -> Dict[str, Tensor]:
        """Losses of captions and of regions with words.

        Args:
            images: Of the batch.
            data_samples: Likewise.
            texts: Embeddings of the regions' words, shape (R, D).
            words: These regions.
            pixels, num_masked: See :meth:`RegionTextHead.loss`.
        """
        boxes, counts = words.boxes, words.counts
        regions = found = target = None
        if self.head.region_weight:
            regions = Paired(self.pool(images, boxes), texts)
        if self.head.grounding_weight > 0 and regions is not None:
            found = self.neck.ground(images.tokens, images.grid, list(texts.split(counts)), images.prepared)
            height, width = images.size
            target = torch.cat(boxes) / torch.tensor([width, height, width, height], device=texts.device)
        return self.head.loss(self.captioned(images, data_samples), regions, found, target,
                              (sum(map(bool, counts)), len(counts)), pixels, num_masked)

    def embed_texts(self, data_samples: List[RegionDataSample], device: torch.device) -> Tensor:
        """Embeddings of the words of all regions that have such, shape (R, D)."""
        return self.embed_tokens([sample.text_tokens for sample in data_samples], device)

    def embed_tokens(self, parts: Sequence[np.ndarray], device: torch.device) -> Tensor:
        """Embeddings (N, D) of token ids (N_i, T_i), padded behind each end."""
        longest, pad_id = max((part.shape[1] for part in parts if len(part)), default=0), self.text_encoder.pad_id
        if not longest:  # still through the encoder, for the gradients of its parameters: zeros
            return self.text_encoder(torch.full((1, 1), pad_id, device=device))[1][:0]
        padded = [np.pad(part, ((0, 0), (0, longest - part.shape[1])), constant_values=pad_id)
                  for part in parts if len(part)]
        return self.text_encoder(torch.from_numpy(np.concatenate(padded)).long().to(device))[1]

"""CLOC: contrastive localised language-image pretraining (wiring)."""
from typing import Dict, List, Optional, Tuple

import numpy as np
import torch
from mmpretrain.models.selfsup.base import BaseSelfSupervisor
from torch import Tensor

from mmrice.registry import MODELS
from mmrice.structures import KINDS, RegionDataSample
from mmrice.utils.errors import UserError

from ..heads.region_text_head import Paired

_TEXT = KINDS.index('text')


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
        return self.neck(self.backbone(inputs)[-1], self._grid(inputs), boxes)

    def _grid(self, inputs: Tensor) -> Tuple[int, int]:
        rows, columns = (side // self.backbone.patch_size for side in inputs.shape[-2:])
        return rows, columns

    def loss(self, inputs: Tensor, data_samples: List[RegionDataSample]) -> Dict[str, Tensor]:
        """Losses of a batch.

        Args:
            inputs: Normalised images, shape (B, 3, H, W).
            data_samples: With ``caption_tokens`` and ``text_tokens`` of :class:`mmrice.TokenizeTexts`.

        Returns:
            dict: See :meth:`RegionTextHead.loss`.
        """
        tokens, device = self.backbone(inputs)[-1], inputs.device
        captioned = [place for place, sample in enumerate(data_samples) if len(sample.caption_tokens)]
        captions = self._encode([data_samples[place].caption_tokens[None] for place in captioned], device)
        images = Paired(self.image_neck((tokens[:, 0], ))[-1][captioned], captions)
        if self.neck is None:
            return self.head.loss(images, None, None, None, (0, len(inputs)))
        boxes = [sample.gt_regions.bboxes[sample.gt_regions.kinds == _TEXT] for sample in data_samples]
        texts = self._encode([sample.text_tokens for sample in data_samples], device)
        grid, counts = self._grid(inputs), [len(own) for own in boxes]
        found = target = None
        if self.head.grounding_weight > 0:
            prepared = self.neck.prepare(tokens, grid)
            regions = Paired(self.neck(tokens, grid, boxes, prepared), texts)
            found = self.neck.ground(tokens, grid, list(texts.split(counts)), prepared)
            height, width = inputs.shape[-2:]
            target = torch.cat(boxes) / torch.tensor([width, height, width, height], device=device)
        else:
            regions = Paired(self.neck(tokens, grid, boxes), texts)
        return self.head.loss(images, regions, found, target, (sum(map(bool, counts)), len(inputs)))

    def _encode(self, parts: List[np.ndarray], device: torch.device) -> Tensor:
        """Embeddings (N, D) of token ids (N_i, T_i), padded behind each end."""
        longest, pad_id = max((part.shape[1] for part in parts if len(part)), default=0), self.text_encoder.pad_id
        if not longest:  # still through the encoder, for the gradients of its parameters: zeros
            return self.text_encoder(torch.full((1, 1), pad_id, device=device))[1][:0]
        padded = [np.pad(part, ((0, 0), (0, longest - part.shape[1])), constant_values=pad_id)
                  for part in parts if len(part)]
        return self.text_encoder(torch.from_numpy(np.concatenate(padded)).long().to(device))[1]

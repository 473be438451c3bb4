"""ReferringSegmentor: an image and expressions in, a mask for each expression out."""
from typing import List, Optional, Tuple

import torch
from mmdet.models.detectors.base import BaseDetector
from mmdet.structures import DetDataSample
from torch import Tensor

from mmrice.registry import MODELS
from mmrice.utils.errors import UserError
from mmrice.utils.tokenizers import TextTokenizer

from ..text import text_lengths


@MODELS.register_module()
class ReferringSegmentor(BaseDetector):
    """Referring segmentation for MMDetection's ``RefCocoDataset`` and ``RefSegMetric``.

    The expressions of an image are its sample's ``text``, a list that ``PackDetInputs`` carries with
    ``meta_keys=(..., 'text')``, in the order of its masks. The image is encoded once for all of them.

    Args:
        backbone (dict): Any backbone, such as :class:`mmrice.FrozenBackbone`.
        neck (dict): Gives the head's maps, such as :class:`mmrice.SimpleFeaturePyramid` with ``scales=(4, 1)``.
        text_encoder (dict): A :class:`mmrice.TextTransformer`.
        mask_head (dict): A :class:`.mask_head.ReferringMaskHead`.
        vocab_path (str, optional): Merges of another byte-pair tokenizer, see
            :func:`mmrice.utils.tokenizers.clip_vocab_file`. Defaults to None: CLIP's.
        data_preprocessor (dict, optional): ``DetDataPreprocessor`` with ``pad_mask=True``. Defaults to None.
        init_cfg (dict, optional): Weights to load. Defaults to None.
    """

    def __init__(self,
                 backbone: dict,
                 neck: dict,
                 text_encoder: dict,
                 mask_head: dict,
                 vocab_path: Optional[str] = None,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.backbone = MODELS.build(backbone)
        self.neck = MODELS.build(neck)
        self.text_encoder = MODELS.build(text_encoder)
        self.mask_head = MODELS.build(mask_head)
        self.tokenizer = TextTokenizer(self.text_encoder.num_tokens, vocab_path)

    def extract_feat(self, batch_inputs: Tensor) -> Tuple[Tensor, ...]:
        """Maps of the neck of images, shape (B, 3, H, W)."""
        return self.neck(self.backbone(batch_inputs))

    def encode_texts(self, texts: List[str], device: torch.device) -> Tuple[Tensor, Tensor]:
        """Text features.

        Args:
            texts: N expressions; what exceeds the encoder's ``num_tokens`` is cut off.
            device: Where they are needed.

        Returns:
            tuple: Features of the tokens, shape (N, T, C) with T that of the longest; which are real, bool, (N, T).
        """
        ids = torch.from_numpy(self.tokenizer.batch(texts)).long()
        lengths = text_lengths(ids, self.text_encoder.end_id)
        is_text = torch.arange(ids.size(1)) < lengths[:, None]
        return self.text_encoder(ids.to(device))[0], is_text.to(device)

    def _forward(self, batch_inputs: Tensor, batch_data_samples: List[DetDataSample]) -> Tensor:
        """Logits of the masks of all expressions, shape (N, h, w)."""
        texts = [_texts_of(sample) for sample in batch_data_samples]
        features, is_text = self.encode_texts(sum(texts, []), batch_inputs.device)
        return self.mask_head(self.extract_feat(batch_inputs), features, is_text, list(map(len, texts)))

    def loss(self, batch_inputs: Tensor, batch_data_samples: List[DetDataSample]) -> dict:
        """Losses of a batch, see :meth:`.mask_head.ReferringMaskHead.loss`."""
        logits = self._forward(batch_inputs, batch_data_samples)
        masks = [_masks_of(sample).to_tensor(torch.uint8, logits.device) for sample in batch_data_samples]
        return self.mask_head.loss(logits, torch.cat(masks))

    def predict(self, batch_inputs: Tensor, batch_data_samples: List[DetDataSample]) -> List[DetDataSample]:
        """Add ``pred_instances``, one an expression, see :meth:`.mask_head.ReferringMaskHead.predict`."""
        logits = self._forward(batch_inputs, batch_data_samples)
        counts = [len(sample.text) for sample in batch_data_samples]
        found = self.mask_head.predict(logits, counts, [sample.metainfo for sample in batch_data_samples])
        for sample in batch_data_samples:  # so that pictures of what is right have names as well
            if 'masks' in sample.get('gt_instances', ()) and len(sample.gt_instances) == len(sample.text):
                sample.gt_instances.labels = torch.arange(len(sample.text))
                sample.gt_instances.label_names = list(sample.text)
        return self.add_pred_to_datasample(batch_data_samples, found)


def _texts_of(sample: DetDataSample) -> List[str]:
    texts = sample.get('text')
    if not texts:
        raise UserError(f'{sample.get("img_path", "an image")}: has no expressions. Expected a list `text` of them, '
                        "from MMDetection's RefCocoDataset and PackDetInputs(meta_keys=(..., 'text')).")
    return texts


def _masks_of(sample: DetDataSample):
    masks = sample.gt_instances.get('masks')
    if masks is None or len(masks) != len(sample.text):
        raise UserError(f'{sample.get("img_path", "an image")}: {0 if masks is None else len(masks)} masks for '
                        f'{len(sample.text)} expressions. Expected one each: LoadAnnotations(with_mask=True), and a '
                        'valid segmentation of each object that is referred to.')
    return masks

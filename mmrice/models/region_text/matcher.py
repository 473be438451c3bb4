"""RegionTextMatcher: regions and phrases, images and captions, side by side."""
from typing import Any, List, Optional

import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from torch import Tensor

from mmrice.registry import MODELS
from mmrice.utils import UserError

from .base import RegionTextModel, boxes_of, grid_of
from .geometry import to_image


@MODELS.register_module()
class RegionTextMatcher(RegionTextModel):
    """Embeddings of regions and of their phrases, of images and of their captions, and boxes for phrases.

    For :class:`mmrice.RegionTextFile`, or another dataset whose samples have phrases, one for each box, or captions.
    What is measured follows from the parts that are given:

    - ``neck``: ``pred_regions`` with ``embeddings``, ``text_embeddings`` and ``phrases``, for
      :class:`mmrice.RegionTextRetrieval`; with ``pooling='crop'`` these by ``image_neck``, and nothing else;
    - ``image_neck``: ``image_embedding`` and ``caption_embeddings``, for :class:`mmrice.ImageTextRetrieval`;
    - ``grounds``: ``pred_instances``, the box that the neck finds for each phrase, cut at the image's edges, for
      :class:`mmrice.BoxAccuracy`.

    Args:
        backbone, text_encoder, neck, image_neck (dict): See :class:`.base.RegionTextModel`.
        pooling (str): 'neck', or 'crop' to cut boxes out, see :class:`mmrice.RegionRecognizer`. Defaults to 'neck'.
        phrase_key, caption_key (str): Fields of a sample's meta information with the phrases, and the captions, of its
            image. Default to 'phrases' and 'captions'; MMDetection's ``RefCocoDataset`` and MMPretrain's
            ``COCORetrieval`` have 'text'.
        grounds (bool): Ask ``neck.ground``, which a :class:`mmrice.Prompter` has. Defaults to False.
        **kwargs: ``crop_size``, ``data_preprocessor`` and others of :class:`.base.RegionTextModel`.

    Raises:
        UserError: What ``pooling`` or ``grounds`` needs is not given.
    """

    def __init__(self, backbone: dict, text_encoder: dict, neck: Optional[dict] = None,
                 image_neck: Optional[dict] = None, pooling: str = 'neck', grounds: bool = False,
                 phrase_key: str = 'phrases', caption_key: str = 'captions', **kwargs: Any) -> None:
        super().__init__(backbone, text_encoder, neck, image_neck, pooling, **kwargs)
        if grounds and (pooling == 'crop' or not hasattr(self.neck, 'ground')):
            raise UserError('RegionTextMatcher: grounds=True, but the neck finds no boxes for texts. Give it '
                            'neck=dict(type=\'mmrice.Prompter\', ...).')
        self.grounds, self.phrase_key, self.caption_key = grounds, phrase_key, caption_key

    def predict(self, batch_inputs: Tensor, batch_data_samples: List[DetDataSample]) -> List[DetDataSample]:
        """Set what the class describes."""
        tokens = self.extract_feat(batch_inputs) if self.pooling == 'neck' else None
        if self.image_neck is not None and tokens is not None:
            captions = [list(sample.get(self.caption_key, ())) for sample in batch_data_samples]
            for sample, image, texts in zip(batch_data_samples, self.embed_images(tokens), self._by_image(captions)):
                sample.image_embedding, sample.caption_embeddings = image, texts
        if self.neck is not None or self.pooling == 'crop':
            self._match_regions(batch_inputs, tokens, batch_data_samples)
        return batch_data_samples

    def _match_regions(self, inputs: Tensor, tokens: Optional[Tensor], samples: List[DetDataSample]) -> None:
        boxes, phrases = [boxes_of(sample) for sample in samples], [self._phrases_of(sample) for sample in samples]
        regions = self.embed_regions(inputs, boxes, tokens).split(list(map(len, boxes)))
        texts = self._by_image(phrases)
        for sample, own, said, words in zip(samples, regions, texts, phrases):
            sample.pred_regions = InstanceData(embeddings=own, text_embeddings=said, phrases=words)
        if self.grounds:
            self._ground(inputs, tokens, samples, texts, phrases)

    def _ground(self, inputs: Tensor, tokens: Tensor, samples: List[DetDataSample], texts: List[Tensor],
                phrases: List[List[str]]) -> None:
        counts = list(map(len, phrases))
        found = tokens.new_empty(0, 4)
        if sum(counts):
            height, width = inputs.shape[-2:]
            found = self.neck.ground(tokens, grid_of(inputs, tokens), texts).float()
            found = found * found.new_tensor([width, height, width, height])
        for sample, own, words in zip(samples, found.split(counts), phrases):
            high, wide = sample.ori_shape[:2]
            own = torch.minimum(to_image(own, sample.metainfo).clamp(min=0), own.new_tensor([wide, high, wide, high]))
            named = dict(labels=torch.arange(len(own), device=own.device), label_names=words)
            sample.pred_instances = InstanceData(bboxes=own, scores=own.new_ones(len(own)), **named)
            sample.gt_instances.set_data(named)  # so that pictures of what is right have names as well

    def _by_image(self, texts: List[List[str]]) -> List[Tensor]:
        """Unit vectors of the texts of each image, shapes (n_i, D)."""
        vectors = self.embed_texts([text for own in texts for text in own])
        return list(vectors.split(list(map(len, texts))))

    def _phrases_of(self, sample: DetDataSample) -> List[str]:
        phrases = list(sample.get(self.phrase_key, ()))
        if len(phrases) != len(sample.gt_instances):
            raise UserError(f'{sample.get("img_path", "an image")}: {len(phrases)} {self.phrase_key} for '
                            f'{len(sample.gt_instances)} boxes. Expected one each, as mmrice.RegionTextFile gives '
                            f"phrases, and PackDetInputs(meta_keys=(..., '{self.phrase_key}')).")
        return phrases

"""Tags by CLIP or SigLIP models in Hugging Face's format."""
from typing import Any, Dict, List, Tuple

import numpy as np

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..encoders.crops import crop_regions
from ..encoders.torch_encoder import to_input
from ..local_model import LocalModel
from ..workspace import digest
from .base import Tagged, Tagger, boxes_of, numbers_of, scores_of
from .names import read_names

_AT_ONCE = 64  # crops or names in the model


@ENGINE_STAGES.register_module()
class HuggingFaceTagger(Tagger):
    """The names of a list that a CLIP or SigLIP in a local folder finds likeliest for an image and each of its regions,
    those of stage ground, without training.

    A region is cut out and warped to a square, as the image is: nothing of it is cut off. A name's score is the model's
    own probability: SigLIP has one of each name by itself, for CLIP all names of the list compete (softmax).

    Args:
        path: Folder with model and processor, as ``save_pretrained`` writes them.
        names: Path of the list, one name a line.
        min_score: Names with no more than this are left out.
        top_k: Names of an image or region at most, the likeliest first.
        template: What is asked for a name, e.g. 'a photo of {}.'.
        batch_size: See :class:`Tagger`.
        **kwargs: ``device``, ``dtype``, ``num_threads`` of :class:`~mmrice.data_engine.local_model.LocalModel`.

    Example:
        >>> tag = dict(type='mmrice.HuggingFaceTagger', path='models/siglip-base-patch16-224', names='names.txt')
    """

    def __init__(self, path: str, names: str, min_score: float = 0.1, top_k: int = 5, template: str = 'a photo of {}.',
                 batch_size: int = 16, **kwargs: Any) -> None:
        super().__init__(batch_size)
        if not 0 <= min_score < 1:
            raise UserError(f'engine.tag.min_score is {min_score}, expected a number from 0 to below 1.')
        if top_k < 1:
            raise UserError(f'engine.tag.top_k is {top_k}, expected 1 or more.')
        if template.count('{}') != 1:
            raise UserError(f"engine.tag.template is {template!r}, expected a text with one {{}} for the name.")
        self.model = LocalModel(path, 'AutoModel', 'engine.tag', types=('clip', 'siglip'), **kwargs)
        self.names = read_names(names, 'engine.tag.names')
        self.min_score, self.top_k, self.template = min_score, top_k, template
        self._texts: Any = None

    def fingerprint(self) -> List[str]:
        """The names, and the contents of the model's folder."""
        return [digest(self.names), *self.model.fingerprint()]

    def __call__(self, images: List[np.ndarray], records: List[Dict[str, Any]], captions: List[List[str]],
                 regions: List[List[Dict[str, Any]]]) -> List[Tagged]:
        """See :meth:`Tagger.__call__`; boxes and scores are those of the phrases."""
        boxes = [boxes_of(of_image) for of_image in regions]
        whole = [np.array([[0, 0, *image.shape[1::-1]]], np.float32) for image in images]
        names = iter(self._tags([(image, np.concatenate(both)) for image, *both in zip(images, whole, boxes)]))
        return [Tagged(next(names), boxes_K4, scores_of(of_image), [next(names) for _ in of_image],
                       numbers=numbers_of(of_image))
                for boxes_K4, of_image in zip(boxes, regions)]

    def _tags(self, images: List[Tuple[np.ndarray, np.ndarray]]) -> List[List[str]]:
        """Names of all boxes of some images, one after the other."""
        import torch
        with self.model.running() as (network, processor):
            size, description = network.config.vision_config.image_size, processor.image_processor
            mean, std = (np.array(values) * 255 for values in (description.image_mean, description.image_std))
            if self._texts is None:
                self._texts = torch.cat([self._encode(network, processor.tokenizer, self.names[start:start + _AT_ONCE])
                                         for start in range(0, len(self.names), _AT_ONCE)])
            crops = np.concatenate([crop_regions(image, boxes, size) for image, boxes in images])
            found = []
            for start in range(0, len(crops), _AT_ONCE):
                pixels = to_input(crops[start:start + _AT_ONCE], mean, std, network.device)
                features = _unit(network.get_image_features(pixel_values=pixels.to(network.dtype)))
                found += self._best(self._scores(network, features @ self._texts.T))
        return found

    def _encode(self, network: Any, tokenizer: Any, names: List[str]) -> Any:
        """Embeddings of names, shape (N, D), of length one."""
        length = network.config.text_config.max_position_embeddings
        tokens = tokenizer([self.template.format(name) for name in names], padding='max_length', max_length=length,
                           truncation=True, return_tensors='pt').to(network.device)
        # SigLIP was trained without a mask.
        mask = {} if network.config.model_type == 'siglip' else {'attention_mask': tokens['attention_mask']}
        return _unit(network.get_text_features(input_ids=tokens['input_ids'], **mask))

    @staticmethod
    def _scores(network: Any, cosines_NV: Any) -> np.ndarray:
        """The model's probability of each name, shape (N, V)."""
        logits = cosines_NV * network.logit_scale.exp().float()
        bias = getattr(network, 'logit_bias', None)
        return (logits.softmax(-1) if bias is None else (logits + bias.float()).sigmoid()).cpu().numpy()

    def _best(self, scores_NV: np.ndarray) -> List[List[str]]:
        best = np.argsort(-scores_NV, axis=1, kind='stable')[:, :self.top_k]
        return [[self.names[number] for number in numbers if scores[number] > self.min_score]
                for numbers, scores in zip(best, scores_NV)]


def _unit(features: Any) -> Any:
    """Rows of length one, float32; transformers 5 wraps the features in an output."""
    features = getattr(features, 'pooler_output', features).float()
    return features / features.norm(dim=-1, keepdim=True)

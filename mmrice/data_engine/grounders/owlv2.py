"""Boxes of phrases by OWLv2."""
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..boxes import clip_boxes, fits, nms
from ..local_model import LocalModel
from .base import Grounded, Grounder


@ENGINE_STAGES.register_module()
class OWLv2Grounder(Grounder):
    """Boxes that an OWLv2 in a local folder finds for the phrases of an image; the best phrase of a box is its text.

    CLOC (sec. 4): at most 20 phrases, scores over 0.1, images of 448 px. It does not say whether boxes that overlap are
    suppressed; here one of two is, whatever their phrases, or one region would be its own negative.

    Args:
        path: Folder with model and processor, as ``save_pretrained`` writes them.
        min_score: Boxes whose best phrase has no more than this are left out.
        max_queries: Phrases an image at most; those after them are not looked for.
        template: What is asked for a phrase, e.g. 'a photo of {}.'.
        nms_iou: Of two boxes that overlap more, the better one is kept; 1 keeps both.
        min_edge: Least shorter side of a box, px.
        max_regions: Boxes an image at most, the best ones; 0 keeps all.
        input_size: Side of the model's square input, px, a multiple of its patches; positions are interpolated where it
            was trained at another size. None takes that one (960 for B/16, 1008 for L/14).
        batch_size: See :class:`Grounder`.
        **kwargs: ``device``, ``dtype``, ``num_threads`` of :class:`~mmrice.data_engine.local_model.LocalModel`.

    Example:
        >>> ground = dict(type='mmrice.OWLv2Grounder', path='models/owlv2-large-patch14-ensemble', device='cuda')
    """

    def __init__(self, path: str, min_score: float = 0.1, max_queries: int = 20, template: str = '{}',
                 nms_iou: float = 0.7, min_edge: float = 1, max_regions: int = 0, input_size: Optional[int] = None,
                 batch_size: int = 8, **kwargs: Any) -> None:
        super().__init__(batch_size)
        if not 0 <= min_score < 1:
            raise UserError(f'engine.ground.min_score is {min_score}, expected a number from 0 to below 1.')
        if max_queries < 1:
            raise UserError(f'engine.ground.max_queries is {max_queries}, expected 1 or more.')
        if template.count('{}') != 1:
            raise UserError(f"engine.ground.template is {template!r}, expected a text with one {{}} for the phrase.")
        self.model = LocalModel(path, 'Owlv2ForObjectDetection', 'engine.ground', types=('owlv2', ), **kwargs)
        self.min_score, self.max_queries, self.template, self.input_size = min_score, max_queries, template, input_size
        self.nms_iou, self.min_edge, self.max_regions = nms_iou, min_edge, max_regions

    def fingerprint(self) -> List[str]:
        """Contents of the model's folder."""
        return self.model.fingerprint()

    def __call__(self, images: List[np.ndarray], records: List[Dict[str, Any]],
                 found: List[List[str]]) -> List[Grounded]:
        """See :meth:`Grounder.__call__`."""
        asked = [of_image[:self.max_queries] for of_image in found]
        results = [Grounded(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), []) for _ in images]
        rows = [row for row, of_image in enumerate(asked) if of_image]
        if rows:
            scores, boxes = self._run([images[row] for row in rows], [asked[row] for row in rows])
            for row, scores_PQ, boxes_P4 in zip(rows, scores, boxes):
                results[row] = self._select(scores_PQ, boxes_P4, images[row].shape[:2], asked[row])
        return results

    def _run(self, images: List[np.ndarray], phrases: List[List[str]]) -> Tuple[np.ndarray, np.ndarray]:
        """Scores of each box and phrase, (B, P, Q); boxes, cx cy w h as fractions of the padded square, (B, P, 4)."""
        import torch
        with self.model.running() as (network, processor):
            vision = network.config.vision_config
            size = self.input_size or vision.image_size
            if size % vision.patch_size:
                raise UserError(f'engine.ground.input_size is {size}, expected a multiple of {vision.patch_size}, the '
                                'patch size of the model.')
            pixels = processor.image_processor(
                list(map(grey_square, images)), do_rescale=False, input_data_format='channels_last',
                size={'height': size, 'width': size}, return_tensors='pt')['pixel_values']
            ids, mask = self._tokens(processor.tokenizer, phrases, network.config.text_config.max_position_embeddings)
            output = network(input_ids=ids.to(network.device), attention_mask=mask.to(network.device),
                             pixel_values=pixels.to(network.device, network.dtype),
                             interpolate_pos_encoding=size != vision.image_size)
            scores, boxes = torch.sigmoid(output.logits.float()), output.pred_boxes.float()
            return scores.cpu().numpy(), boxes.cpu().numpy()

    def _tokens(self, tokenizer: Any, phrases: List[List[str]], length: int) -> Tuple[Any, Any]:
        """Token ids and mask, shape (B * Q, length), int64; rows of zeros, which the model masks, fill up to Q."""
        import torch
        most = max(map(len, phrases))
        ids = torch.zeros(len(phrases), most, length, dtype=torch.int64)
        mask = torch.ones_like(ids)
        for row, of_image in enumerate(phrases):
            tokens = tokenizer([self.template.format(phrase) for phrase in of_image], padding='max_length',
                               max_length=length, truncation=True, return_tensors='pt')
            ids[row, :len(of_image)], mask[row, :len(of_image)] = tokens['input_ids'], tokens['attention_mask']
        return ids.flatten(0, 1), mask.flatten(0, 1)

    def _select(self, scores_PQ: np.ndarray, boxes_P4: np.ndarray, size: Tuple[int, int],
                phrases: List[str]) -> Grounded:
        scores_PQ = scores_PQ[:, :len(phrases)]
        best, scores = scores_PQ.argmax(1), scores_PQ.max(1)
        corners = np.concatenate([boxes_P4[:, :2] - boxes_P4[:, 2:] / 2, boxes_P4[:, :2] + boxes_P4[:, 2:] / 2], 1)
        boxes = clip_boxes(corners * max(size), size)
        good = np.flatnonzero((scores > self.min_score) & fits(boxes, size, self.min_edge))
        good = good[nms(boxes[good], scores[good], self.nms_iou, self.max_regions)]
        return Grounded(boxes[good], scores[good].astype(np.float32), [phrases[index] for index in best[good]])


def grey_square(image: np.ndarray) -> np.ndarray:
    """The image in the upper left of a square, 0..1, float32, shape (S, S, 3).

    Transformers has its own; that of 5 (5.24) fills up with black, and OWLv2 was trained with grey.
    """
    height, width = image.shape[:2]
    square = np.full((max(height, width), max(height, width), 3), 0.5, np.float32)
    square[:height, :width] = image / np.float32(255)
    return square

"""Masks by a Hugging Face SAM or SAM2 that is shown the boxes."""
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..local_sam import Encoded, LocalSAM
from ..proposers.base import shrink_image
from .base import Masker


@ENGINE_STAGES.register_module()
class SAMMasker(Masker):
    """The mask that Segment Anything finds for each box, as far as the box goes.

    One mask a box, that of the token for prompts without ambiguity; pixels outside of the box are cut off.

    Args:
        model: Local directory of a SAM or SAM2 with its image processor, as ``save_pretrained`` writes it.
        min_score: Regions whose mask has a lower IoU, as the model predicts it, get none; 1 at most.
        boxes_per_batch: Boxes that the mask decoder takes at once.
        max_edge: The image is made this small (longer edge, px) first; the models see no more than 1024 px.
        device: 'cpu'; 'cuda': with several workers, worker i takes GPU i modulo their number; or one GPU, 'cuda:1'.
        dtype: Of the model: 'float32', 'bfloat16', or on a GPU 'float16'.
        num_threads: Of the model on a CPU, in each worker. Part of the config: with another number of threads sums may
            differ in the last bit, and a build must not depend on how many workers it has.

    Example:
        >>> mask = dict(type='mmrice.SAMMasker', model='checkpoints/sam-vit-huge', device='cuda')
    """

    def __init__(self, model: str, min_score: float = 0.5, boxes_per_batch: int = 64, max_edge: int = 1024,
                 device: str = 'cpu', dtype: str = 'float32', num_threads: int = 1) -> None:
        for name, value, least in (('boxes_per_batch', boxes_per_batch, 1), ('max_edge', max_edge, 2),
                                   ('num_threads', num_threads, 1)):
            if not isinstance(value, int) or value < least:
                raise UserError(f'engine.mask.{name} is {value!r}, expected a whole number, {least} or more.')
        if not isinstance(min_score, (int, float)) or not min_score <= 1:
            raise UserError(f'engine.mask.min_score is {min_score!r}, expected an IoU, a number of 1 at most.')
        self.sam = LocalSAM(model, 'engine.mask.model', device, dtype)
        self.min_score, self.boxes_per_batch = min_score, boxes_per_batch
        self.max_edge, self.num_threads = max_edge, num_threads

    def fingerprint(self) -> List[str]:
        """Contents of the weights and settings."""
        return self.sam.fingerprint()

    def __call__(self, image: np.ndarray, record: Dict[str, Any], boxes_K4: np.ndarray,
                 numbers: Sequence[int] = ()) -> List[Optional[np.ndarray]]:
        """See :meth:`Masker.__call__`."""
        from ..encoders.devices import inference
        small, back = shrink_image(image, self.max_edge)
        masks: List[Optional[np.ndarray]] = []
        with inference(self.num_threads):
            encoded = self.sam.encode(small)
            for start in range(0, len(boxes_K4), self.boxes_per_batch):
                boxes = boxes_K4[start:start + self.boxes_per_batch]
                masks += self._masks(encoded, boxes / back, boxes, image.shape[:2])
        return masks

    def _masks(self, encoded: Encoded, seen_K4: np.ndarray, boxes_K4: np.ndarray, size: Any) -> List[Any]:
        """Masks of some boxes.

        Args:
            encoded: The image as the model has it.
            seen_K4: Boxes, px of that image before it was encoded.
            boxes_K4: Boxes, px of the result.
            size: Height and width of the result, px.
        """
        import torch

        from ..masks import resize_logits
        network = self.sam.network
        ratio = np.array([now / was for now, was in zip(encoded.content[::-1], encoded.size[::-1])] * 2)
        prompts = torch.from_numpy(seen_K4 * ratio).to(network.device, torch.float32)[None]
        found = network(image_embeddings=encoded.embedding, input_boxes=prompts, multimask_output=False)
        masks = []
        for box, logits, score in zip(boxes_K4, found.pred_masks[0], found.iou_scores[0]):
            if float(score[0]) < self.min_score:
                masks.append(None)
                continue
            inside = (resize_logits(logits, size, encoded.frame, encoded.content)[0] > 0).cpu().numpy()
            masks.append(inside & _box_pixels(box, size))
        return masks


def _box_pixels(box: np.ndarray, size: Any) -> np.ndarray:
    """The pixels that a box touches, bool, shape ``size``."""
    pixels = np.zeros(size, bool)
    x1, y1, x2, y2 = (*np.floor(box[:2]).astype(int), *np.ceil(box[2:]).astype(int))
    pixels[max(y1, 0):y2, max(x1, 0):x2] = True
    return pixels

"""Embed: crops of regions -> vectors of length one."""
from typing import Any, List, Optional, Sequence

import cv2
import numpy as np

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from .descriptors import colour_histogram, grey, hog, lbp_histogram


def crop_regions(image: np.ndarray, boxes_K4: np.ndarray, size: int) -> np.ndarray:
    """Cut regions out and resize them to a square (aspect is not kept, as in RoI pooling).

    Args:
        image: RGB, uint8, shape (H, W, 3).
        boxes_K4: xyxy inside the image, px.
        size: Side of the result, px.

    Returns:
        np.ndarray: shape (K, size, size, 3), uint8.
    """
    crops = np.empty((len(boxes_K4), size, size, 3), np.uint8)
    for crop, box in zip(crops, boxes_K4):
        x1, y1 = np.floor(box[:2]).astype(int)
        x2, y2 = np.maximum(np.ceil(box[2:]).astype(int), (x1 + 1, y1 + 1))
        part = image[y1:y2, x1:x2]
        shrinks = min(part.shape[:2]) >= size
        crop[:] = cv2.resize(part, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return crops


def normalise(features_KD: np.ndarray) -> np.ndarray:
    """Rows of length one (zero rows stay zero), float16."""
    features = np.asarray(features_KD, np.float32)
    return (features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)).astype(np.float16)


@ENGINE_STAGES.register_module()
class HandcraftedEncoder:
    """Shape, colour and texture of a crop, without weights: HOG, HSV histograms and local binary patterns.

    It groups what looks alike in these respects and knows nothing of meaning. A stand-in for the paper's image encoder
    where no weights are at hand.

    Args:
        size: Crops are resized to this square, px; divisible by ``cell``.
        cell: HOG cell, px.
        weights: Share of hog, colour, lbp in the squared length of the vector.

    Example:
        >>> HandcraftedEncoder()(image, boxes).shape
        (K, 876)
    """
    version = 1

    def __init__(self, size: int = 64, cell: int = 16, weights: Sequence[float] = (0.5, 0.35, 0.15)) -> None:
        if size % cell:
            raise UserError(f'engine.embed: size {size} is not divisible by cell {cell}.')
        self.size, self.cell, self.weights = size, cell, tuple(weights)

    def __call__(self, image: np.ndarray, boxes_K4: np.ndarray) -> np.ndarray:
        """Describe the regions of one image.

        Args:
            image: RGB, uint8, shape (H, W, 3).
            boxes_K4: xyxy inside the image, px; K >= 1.

        Returns:
            np.ndarray: shape (K, D), float16, rows of length one.
        """
        crops = crop_regions(image, boxes_K4, self.size)
        luma = grey(crops)
        parts = [hog(luma, self.cell), colour_histogram(crops), lbp_histogram(luma)]
        scaled = []
        for part, weight in zip(parts, self.weights):
            length = np.linalg.norm(part, axis=1, keepdims=True)
            scaled.append(part / np.maximum(length, 1e-12) * np.float32(np.sqrt(weight)))
        return normalise(np.concatenate(scaled, 1))


@ENGINE_STAGES.register_module()
class MMPretrainEncoder:
    """Any model that MMPretrain builds, with weights from a local file.

    Args:
        model: Model config with types of MMPretrain or mmrice (a classifier, a self-supervisor or a bare backbone), or
            the path of a config file that has one.
        checkpoint: Its weights, a local ``.pth`` or ``.safetensors``; None takes random weights, for tests.
        input_size: Crops are resized to this square, px.
        mean: Of the RGB channels, 0..255.
        std: Of the RGB channels, 0..255.
        batch_size: Crops a forward pass.
        device: 'cpu', 'cuda', 'cuda:1', ...
        seed: Of random weights.
    """
    version = 1

    def __init__(self, model: Any, checkpoint: Optional[str] = None, input_size: int = 224,
                 mean: Sequence[float] = (123.675, 116.28, 103.53), std: Sequence[float] = (58.395, 57.12, 57.375),
                 batch_size: int = 64, device: str = 'cpu', seed: int = 0) -> None:
        self.model, self.checkpoint, self.input_size, self.batch_size = model, checkpoint, input_size, batch_size
        self.mean, self.std = np.array(mean, np.float32), np.array(std, np.float32)
        self.device, self.seed = device, seed
        self._network = None

    def fingerprint(self) -> List[str]:
        """Contents of the checkpoint and of a model config in a file."""
        from .mmpretrain_model import existing
        from .workspace import file_digest
        paths = [self.checkpoint, self.model if isinstance(self.model, str) else None]
        return [file_digest(existing(path)) for path in paths if path is not None]

    def __call__(self, image: np.ndarray, boxes_K4: np.ndarray) -> np.ndarray:
        """Embed the regions of one image; see :meth:`HandcraftedEncoder.__call__`."""
        from .mmpretrain_model import build_model, extract
        if self._network is None:
            self._network = build_model(self.model, self.checkpoint, self.device, self.seed)
        crops = crop_regions(image, boxes_K4, self.input_size)
        inputs = ((crops - self.mean) / self.std).transpose(0, 3, 1, 2)
        steps = range(0, len(inputs), self.batch_size)
        return normalise(np.concatenate([extract(self._network, inputs[i:i + self.batch_size], self.device)
                                         for i in steps]))

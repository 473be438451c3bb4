"""An encoder without weights."""
from typing import List, Sequence

import numpy as np

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..descriptors import colour_histogram, grey, hog, lbp_histogram
from .base import Encoder
from .crops import crop_regions, normalise


@ENGINE_STAGES.register_module()
class HandcraftedEncoder(Encoder):
    """Shape, colour and texture of a crop, without weights: HOG, HSV histograms and local binary patterns.

    It groups what looks alike in these respects and knows nothing of meaning. A stand-in for the paper's image encoder
    where no weights are at hand.

    Args:
        size: Crops are resized to this square, px; divisible by ``cell``.
        cell: HOG cell, px.
        weights: Share of hog, colour, lbp in the squared length of the vector.
        pad: Context around a region, see :func:`.crops.crop_regions`.
        batch_size: Regions at a time.

    Example:
        >>> HandcraftedEncoder()([image], [boxes]).shape
        (K, 876)
    """
    version = 2

    def __init__(self, size: int = 64, cell: int = 16, weights: Sequence[float] = (0.5, 0.35, 0.15), pad: float = 0.,
                 batch_size: int = 64) -> None:
        super().__init__(batch_size)
        if size % cell:
            raise UserError(f'engine.embed: size {size} is not divisible by cell {cell}.')
        self.size, self.cell, self.weights, self.pad = size, cell, tuple(weights), pad

    def prepare(self, image: np.ndarray, boxes_K4: np.ndarray) -> np.ndarray:
        """Cut the regions out, shape (K, size, size, 3), uint8."""
        return crop_regions(image, boxes_K4, self.size, self.pad)

    def embed(self, prepared: List[np.ndarray]) -> np.ndarray:
        """Describe the crops of some images; see :meth:`Encoder.embed`."""
        crops = np.concatenate(prepared)
        luma = grey(crops)
        parts = [hog(luma, self.cell), colour_histogram(crops), lbp_histogram(luma)]
        scaled = []
        for part, weight in zip(parts, self.weights):
            length = np.linalg.norm(part, axis=1, keepdims=True)
            scaled.append(part / np.maximum(length, 1e-12) * np.float32(np.sqrt(weight)))
        return normalise(np.concatenate(scaled, 1))

"""PCA with partial whitening of embeddings before they are clustered."""
from typing import Dict

import numpy as np

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

BLOCK = 16_384  # regions that are float64 at a time


@ENGINE_STAGES.register_module()
class PCAWhitening:
    """Keep the strongest directions and even out their strength: ``x -> unit((x - mean) V diag(var)^(-power / 2))``.

    Args:
        dim: Directions kept.
        power: 0 is plain PCA, 1 whitens fully (which also raises noise).
        max_regions: They are found from at most this many regions, evenly spread over the sample.
    """

    def __init__(self, dim: int = 64, power: float = 0.5, max_regions: int = 1_000_000) -> None:
        self.dim, self.power, self.max_regions = dim, power, max_regions

    def fit(self, features_ND: np.ndarray) -> Dict[str, np.ndarray]:
        """Find the directions.

        Args:
            features_ND: float16 or float32; N > ``dim``. Blocks of it become float64.

        Returns:
            dict: ``mean`` (D,) and ``matrix`` (D, dim), float32.

        Raises:
            UserError: More directions are asked for than there are rows or columns.
        """
        if self.dim > min(features_ND.shape):
            raise UserError(f'engine.cluster.projection.dim is {self.dim}, but there are {features_ND.shape[0]} '
                            f'regions with {features_ND.shape[1]} features. Choose fewer dimensions.')
        step = -(-len(features_ND) // self.max_regions)
        starts = range(0, len(features_ND), step * BLOCK)
        blocks = (features_ND[start:start + step * BLOCK:step].astype(np.float64) for start in starts)
        count, total, products = 0, 0, 0
        for block in blocks:
            count, total, products = count + len(block), total + block.sum(0), products + block.T @ block
        mean = total / count
        variance, vectors = np.linalg.eigh(products / count - np.outer(mean, mean))
        variance, vectors = variance[::-1][:self.dim], vectors[:, ::-1][:, :self.dim]
        # An eigenvector's sign is arbitrary: fix it, so that equal data give equal centres.
        vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(0), np.arange(self.dim)])
        scale = np.maximum(variance, 1e-8)**(-self.power / 2)
        return {'mean': mean.astype(np.float32), 'matrix': (vectors * scale).astype(np.float32)}


def project(features_ND: np.ndarray, mean: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Apply a fitted projection; rows of length one, float32, shape (N, dim)."""
    projected = (np.asarray(features_ND, np.float32) - mean) @ matrix
    return projected / np.maximum(np.linalg.norm(projected, axis=1, keepdims=True), 1e-12)

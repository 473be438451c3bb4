"""UniformHead: cluster discrimination with a term that spreads the region embeddings over the sphere."""
from typing import Dict

import torch
import torch.nn.functional as F
from torch import Tensor

from mmrice.models import ClusterDiscriminationHead

from .registry import MODELS


def uniformity(embeddings: Tensor, temperature: float = 2.) -> Tensor:
    """Log of the mean Gaussian potential of all pairs (Wang & Isola, ICML 2020, Eq. 5).

    Args:
        embeddings: Region embeddings, shape (R, D); they are normalised here.
        temperature: Sharpness t of the potential exp(-t * squared distance).

    Returns:
        Tensor: scalar, <= 0, lower where the embeddings are more spread; 0 for fewer than two regions.
    """
    if len(embeddings) < 2:
        return embeddings.sum() * 0.
    squared = torch.pdist(F.normalize(embeddings.float(), dim=1)).square()
    return (-temperature * squared).exp().mean().log()


@MODELS.register_module()
class UniformHead(ClusterDiscriminationHead):
    """:class:`mmrice.ClusterDiscriminationHead` with a uniformity term on the region embeddings of a batch.

    Args:
        uniform_weight (float): Weight of the term. Defaults to 0.1.
        **kwargs: See :class:`mmrice.ClusterDiscriminationHead`.
    """

    def __init__(self, uniform_weight: float = 0.1, **kwargs) -> None:
        super().__init__(**kwargs)
        self.uniform_weight = uniform_weight

    def loss(self, embeddings: Tensor, kinds: Tensor, labels: Tensor) -> Dict[str, Tensor]:
        """Losses of regions: those of the base class and ``loss_uniform``."""
        losses = super().loss(embeddings, kinds, labels)
        losses['loss_uniform'] = self.uniform_weight * uniformity(embeddings)
        return losses

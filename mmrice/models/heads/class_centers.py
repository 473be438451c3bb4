"""A table of class centres and the cosines of regions to their own and to sampled other centres."""
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrice.registry import MODELS
from mmrice.utils.errors import UserError
from mmrice.utils.seeding import mix


class Similarities(NamedTuple):
    """What a loss needs to know of R regions and their centres; everything float32 or bool.

    Whoever implements ``forward(embeddings, labels) -> Similarities`` can stand in for :class:`ClassCenters`, a table
    whose rows are split over ranks for one.
    """
    pos_cosine: Tensor  # (R, P) to each label's centre; arbitrary where padded
    is_pos: Tensor  # (R, P) False where padded
    neg_logsumexp: Tensor  # (R,) of scale * cosine over the sampled negatives; -inf where there is none
    neg_max_cosine: Tensor  # (R,) of the nearest sampled negative; -inf where there is none
    num_negatives: Tensor  # (R,) drawn for each region


@MODELS.register_module()
class ClassCenters(BaseModule):
    """Learned class centres in one process, dense or with sampled negatives.

    Embeddings and centres are L2-normalised. Negatives of a step are ``floor(sample_ratio * num_classes)`` classes
    drawn uniformly without replacement and shared by all regions; a region's own labels are left out of its negatives
    (RICE, sec. 3.3: uniform over the other classes). Positives need not be among the drawn classes, so negatives exist
    however many positives a batch has. Partial FC instead fills the positives of the batch up to the sample size.

    Args:
        num_classes (int): Number of centres K.
        embed_dims (int): Dims D of an embedding.
        sample_ratio (float): Share of the classes drawn each step; 1 uses all. Defaults to 1.
        scale (float): Factor of the cosines in ``neg_logsumexp``. Defaults to 64.
        seed (int): Of the draws, which depend on it and on the number of steps made alone. Defaults to 0.
        init_cfg (dict, optional): Weights to load. Defaults to None.
    """

    def __init__(self,
                 num_classes: int,
                 embed_dims: int,
                 sample_ratio: float = 1.,
                 scale: float = 64.,
                 seed: int = 0,
                 init_cfg=None) -> None:
        super().__init__(init_cfg)
        if not 0 < sample_ratio <= 1:
            raise UserError(f'ClassCenters: sample_ratio={sample_ratio} must lie in (0, 1].')
        if num_classes < 1:
            raise UserError(f'ClassCenters: num_classes={num_classes} must be positive.')
        self.num_classes = num_classes
        self.num_samples = max(1, int(num_classes * sample_ratio))
        self.scale = scale
        self.seed = seed
        self.weight = nn.Parameter(torch.empty(num_classes, embed_dims).normal_(std=0.01))
        self.register_buffer('num_steps', torch.zeros((), dtype=torch.int64))

    def _draw(self) -> Tensor:
        """Classes to take negatives from, sorted, shape (S,)."""
        if self.num_samples == self.num_classes:
            return torch.arange(self.num_classes, device=self.weight.device)
        generator = torch.Generator().manual_seed(mix(self.seed, int(self.num_steps)))
        drawn = torch.randperm(self.num_classes, generator=generator)[:self.num_samples]
        return drawn.sort().values.to(self.weight.device)

    def forward(self, embeddings: Tensor, labels: Tensor) -> Similarities:
        """Compare regions with their own centres and with sampled negatives.

        Args:
            embeddings: shape (R, D).
            labels: Class indices, int64, shape (R, P), padded with -1.

        Returns:
            Similarities: See there.
        """
        drawn = self._draw()
        if self.training:
            self.num_steps += 1
        with torch.autocast(embeddings.device.type, enabled=False):
            embeddings = F.normalize(embeddings.float(), dim=1)
            is_pos = labels >= 0
            pos_centers = F.normalize(self.weight[labels.clamp(min=0)], dim=-1)
            pos_cosine = torch.einsum('rd,rpd->rp', embeddings, pos_centers).clamp(-1, 1)
            cosine = embeddings @ F.normalize(self.weight[drawn], dim=1).t()
            is_neg = self._is_negative(labels, drawn)
            cosine = cosine.clamp(-1, 1).masked_fill(~is_neg, -torch.inf)
            return Similarities(pos_cosine, is_pos, (self.scale * cosine).logsumexp(dim=1),
                                cosine.detach().amax(dim=1), is_neg.sum(dim=1))

    def _is_negative(self, labels: Tensor, drawn: Tensor) -> Tensor:
        """Which drawn classes are none of a region's labels, bool, shape (R, S)."""
        place = torch.searchsorted(drawn, labels).clamp(max=len(drawn) - 1)
        is_own = (drawn[place] == labels)  # -1 is never drawn
        is_negative = torch.ones(len(labels), len(drawn), dtype=torch.bool, device=labels.device)
        row, column = is_own.nonzero(as_tuple=True)
        is_negative[row, place[row, column]] = False
        return is_negative

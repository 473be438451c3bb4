"""TagHead: tags of images and regions as multi-label classification among embeddings of the tags' names."""
import math
from functools import partial
from typing import Dict, Optional, Tuple

import torch
import torch.nn.functional as F
from mmengine.dist import get_dist_info
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrice.parallel import all_gather_numbers, gather_rows, rows_of
from mmrice.registry import MODELS
from mmrice.utils.errors import UserError
from mmrice.utils.seeding import mix

from ..losses import multi_label_loss
from ..losses.contrastive import sum_chunks
from .sampling import draw_classes

LEVELS = ('image', 'region', 'pixel')


@MODELS.register_module()
class TagHead(BaseModule):
    """Tell the tags of an image or a region from other tags, by the cosine with the embedding of each tag's name.

    UMG-CLIP learns from tags beside captions; the form of its loss could not be read. Here the names go through the
    text tower, so that new names can be asked for later, and the loss is RICE's for many labels (its sec. 3.3) with a
    learned scale, or a yes or no for each tag (SigLIP's form). Tags of a step are all that an image or region of any
    rank has, and drawn others; each rank embeds its part of their names.

    Args:
        num_tags (int): T, as many as ``tag_vocab.json`` has names.
        loss (str): 'rice' or 'sigmoid'. Defaults to 'rice'.
        image_weight, region_weight, pixel_weight (float): Of the losses of each level, before those of regions and
            pixels are scaled by the share of images that have such. Defaults to 1.
        sample_ratio (float): Share of the tags drawn each step; 1 uses all. Defaults to 1.
        max_scale (float): Bound of the learned factor of the cosines. Defaults to 100, CLIP's.
        chunk_size (int): Rows of logits at a time. Defaults to 1024.
        seed (int): Of the draws. Defaults to 0.
        init_cfg (dict, optional): Weights to load. Defaults to None.

    Raises:
        UserError: Another ``loss``, or numbers out of range.
    """

    def __init__(self,
                 num_tags: int,
                 loss: str = 'rice',
                 image_weight: float = 1.,
                 region_weight: float = 1.,
                 pixel_weight: float = 1.,
                 sample_ratio: float = 1.,
                 max_scale: float = 100.,
                 chunk_size: int = 1024,
                 seed: int = 0,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        if loss not in ('rice', 'sigmoid'):
            raise UserError(f"TagHead: loss={loss!r}, expected 'rice' or 'sigmoid'.")
        if num_tags < 1 or chunk_size < 1 or not 0 < sample_ratio <= 1:
            raise UserError(f'TagHead: num_tags={num_tags}, chunk_size={chunk_size} and sample_ratio={sample_ratio}, '
                            'expected 1 or more, 1 or more, and a share in (0, 1].')
        self.num_tags, self.kind, self.max_scale, self.chunk_size, self.seed = (
            num_tags, loss, max_scale, chunk_size, seed)
        self.num_samples = max(1, int(num_tags * sample_ratio + 1e-6))
        self.weights = dict(zip(LEVELS, (image_weight, region_weight, pixel_weight)))
        self.log_scale = nn.Parameter(torch.tensor(math.log(10. if loss == 'sigmoid' else 1 / 0.07)))
        self.bias = nn.Parameter(torch.tensor(-10.)) if loss == 'sigmoid' else None
        self.register_buffer('num_steps', torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def candidates(self, labels: Tensor) -> Tensor:
        """Tags that this step's rows are compared with, the same on all ranks. All ranks must call it.

        Args:
            labels: Tags of all rows of this rank, int64, any shape, padded with -1.

        Returns:
            Tensor: Indices of tags, each once, ascending, int64, shape (S,).

        Raises:
            UserError: A tag of any rank is out of range; raised on all.
        """
        own = labels[labels >= 0].unique()
        highest = int(own.max()) if len(own) else -1
        gathered = all_gather_numbers([len(own), highest], labels.device)
        for rank, (_, highest) in enumerate(gathered):
            if highest >= self.num_tags:
                raise UserError(f'TagHead: rank {rank} has tag {highest}, expected 0 to {self.num_tags - 1}. Set '
                                'num_tags of model.tag_head to the length of tag_vocab.json.')
        rows = rows_of([count for count, _ in gathered])
        drawn = draw_classes(self.num_tags, self.num_samples, mix(self.seed, int(self.num_steps)), 0, self.num_tags)
        if self.training:
            self.num_steps += 1
        every = gather_rows(own, rows) if rows.total else own
        return torch.cat([every, drawn.to(labels.device)]).unique()

    def loss(self, level: str, embeddings: Tensor, labels: Tensor, tags: Tensor, vectors: Tensor,
             share: float = 1.) -> Dict[str, Tensor]:
        """Loss of one level. All ranks must call it, those without rows too.

        Args:
            level: 'image', 'region' or 'pixel'.
            embeddings: shape (R, D).
            labels: Tags of each, int64, shape (R, P), padded with -1.
            tags: See :meth:`candidates`, shape (S,).
            vectors: Embeddings of their names, shape (S, D).
            share: Factor of the loss. Defaults to 1.

        Returns:
            dict: ``loss_<level>_tag``, whose mean over ranks is that over all rows, and ``accuracy_<level>_tag``, whose
            mean over ranks is the per cent of all rows where a tag of their own is the most similar. One rank's own,
            which the log of the first shows, may be more than 100 where it has more rows than others.
        """
        rows = rows_of([count for count, in all_gather_numbers([len(embeddings)], embeddings.device)])
        with torch.autocast(embeddings.device.type, enabled=False):
            unit, others = (F.normalize(x if x.dtype == torch.float64 else x.float(), dim=1)
                            for x in (embeddings, vectors))
            if not len(unit):
                nothing = 0. * (unit.sum() + others.sum() + self._scale() + (0. if self.bias is None else self.bias))
                total, hits = nothing, torch.zeros_like(nothing)
            else:
                chunk = partial(self._chunk, unit, labels, tags, others)
                total, hits = sum_chunks(chunk, len(unit), self.chunk_size)
        factor = get_dist_info()[1] / max(1, rows.total)
        result = {f'loss_{level}_tag': self.weights[level] * share * factor * total}
        return {**result, f'accuracy_{level}_tag': 100. * factor * hits} if rows.total else result

    def _scale(self) -> Tensor:
        return self.log_scale.clamp(max=math.log(self.max_scale)).exp()

    def _chunk(self, unit: Tensor, labels: Tensor, tags: Tensor, others: Tensor, start: int,
               stop: int) -> Tuple[Tensor, Tensor]:
        """Summed loss of some rows, and how many of them have a tag of their own as the most similar."""
        cosines, own = unit[start:stop] @ others.T, labels[start:stop]
        is_own = torch.zeros_like(cosines, dtype=torch.bool)
        row, column = (own >= 0).nonzero(as_tuple=True)
        is_own[row, torch.searchsorted(tags, own[row, column])] = True
        hits = is_own.gather(1, cosines.argmax(dim=1, keepdim=True)).sum()
        logits = self._scale() * cosines
        if self.kind == 'sigmoid':
            logits = logits + self.bias
            return F.softplus(torch.where(is_own, -logits, logits)).sum(), hits
        negatives = logits.masked_fill(is_own, torch.finfo(logits.dtype).min).logsumexp(dim=1)  # -inf has no gradient
        return multi_label_loss(logits, is_own, negatives).sum(), hits

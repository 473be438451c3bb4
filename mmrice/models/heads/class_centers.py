"""A table of class centres and the cosines of regions to their own and to sampled other centres."""
from typing import List, NamedTuple, Optional, Tuple

import torch
import torch.nn.functional as F
from mmengine.dist import get_dist_info
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrice.parallel import Rows, all_gather_numbers, gather_rows, mark_shard, rows_of, shard_rows, sum_parts
from mmrice.registry import MODELS
from mmrice.utils.errors import UserError
from mmrice.utils.seeding import mix

from ..losses.blockwise import Options, compare_in_blocks, find_own
from .sampling import draw_classes, init_centers


class Similarities(NamedTuple):
    """What a loss needs to know of the R regions of this rank and their centres; everything float32 or bool."""
    pos_cosine: Tensor  # (R, P) to each label's centre; 0 where padded
    is_pos: Tensor  # (R, P) False where padded
    neg_logsumexp: Tensor  # (R,) of scale * cosine over the sampled negatives; -inf where there is none
    neg_max_cosine: Tensor  # (R,) of the nearest sampled negative; -inf where there is none
    num_negatives: Tensor  # (R,) drawn for each region
    loss_factor: float  # of a region's loss: summed on each rank, their mean over ranks is the mean over all regions


_COMPLAINTS = (
    '',
    ': labels are not of shape (regions, labels a region), as many as there are embeddings.',
    ': labels are floating-point numbers. Expected int64.',
    ' has label {label}. Expected 0 to {last}, or -1 as padding. Were the regions labelled with as many classes as the '
    'config says (num_classes)?',
    ' has several labels or none, but the table takes exactly one a region.',
)


@MODELS.register_module()
class ClassCenters(BaseModule):
    """Learned class centres, rows split over all ranks, with sampled negatives; no tensor of regions x classes.

    Embeddings and centres are L2-normalised. Negatives of a step are ``floor(sample_ratio * num_classes)`` classes
    drawn uniformly and shared by all regions; a region's own labels are left out of its negatives (RICE, sec. 3.3:
    uniform over the other classes). Positives need not be among the drawn classes, so negatives exist however many
    positives a batch has. Partial FC instead fills the positives of the batch up to the sample size, and with RICE's
    ten regions an image draws no negative at all.

    Losses, gradients, draws and initial values are the same for any number of ranks. With ``sample_ratio`` below 1 the
    gradient is sparse: rows that took no part have none, for an optimizer such as :class:`mmrice.SparseAdamW`, and
    keep their values bit for bit. Products are in the dtype of autocast, all else in float32.

    Args:
        num_classes (int): Number of centres K.
        embed_dims (int): Dims D of an embedding.
        sample_ratio (float): Share of the classes drawn each step; 1 uses all. Defaults to 1.
        scale (float): Factor of the cosines in ``neg_logsumexp``. Defaults to 64.
        num_subsets (int): Draw this many subsets; region i of the batch takes the (i mod n)-th. With the number of
            regions an image it is one subset for each region slot. Defaults to 1.
        correct_sampling (bool): Add log(other classes / negatives drawn) to ``neg_logsumexp``. The mean of exp over a
            uniform draw is unbiased, so that exp of the corrected value is an unbiased estimate of the sum over all
            other classes; its logarithm is biased downwards, less the more are drawn. The paper does not correct.
            Defaults to False.
        filter_threshold (float, optional): See :class:`mmrice.models.losses.blockwise.Options`. Defaults to None.
        block_size (int, optional): Classes compared at once. Defaults to None: what suits the device.
        single_label (bool): Every region must have one label. Defaults to False.
        seed (int): Of draws and initial values. Defaults to 0.
        init_cfg (dict, optional): Weights to load. Defaults to None.
    """

    def __init__(self,
                 num_classes: int,
                 embed_dims: int,
                 sample_ratio: float = 1.,
                 scale: float = 64.,
                 num_subsets: int = 1,
                 correct_sampling: bool = False,
                 filter_threshold: Optional[float] = None,
                 block_size: Optional[int] = None,
                 single_label: bool = False,
                 seed: int = 0,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        if not 0 < sample_ratio <= 1:
            raise UserError(f'ClassCenters: sample_ratio={sample_ratio} must lie in (0, 1].')
        for name, value in dict(num_classes=num_classes, num_subsets=num_subsets).items():
            if value < 1:
                raise UserError(f'ClassCenters: {name}={value} must be positive.')
        self.num_classes = num_classes
        self.num_samples = max(1, int(num_classes * sample_ratio + 1e-6))
        self.scale = scale
        self.num_subsets = num_subsets
        self.correct_sampling = correct_sampling
        self.single_label = single_label
        self.seed = seed
        self.shard = shard_rows(num_classes)
        self.weight = mark_shard(nn.Parameter(torch.empty(self.shard.stop - self.shard.start, embed_dims)), self.shard)
        init_centers(self.weight, num_classes, mix(seed, -1), self.shard.start)
        self.sparse = self.num_samples < num_classes  # as nn.Embedding says that its gradient is sparse
        self.options = Options(scale, filter_threshold, block_size=block_size, sparse=self.sparse,
                               weight_grad_scale=1 / get_dist_info()[1])
        self.register_buffer('num_steps', torch.zeros((), dtype=torch.int64))

    def extra_repr(self) -> str:
        """Sizes for ``print``."""
        return f'num_classes={self.num_classes}, rows {self.shard.start} to {self.shard.stop}'

    def _draw(self, subset: int = 0) -> Tensor:
        """Rows of this rank to take negatives from, counted from its first, sorted, shape (S,)."""
        seed = mix(self.seed, int(self.num_steps), subset)
        classes = draw_classes(self.num_classes, self.num_samples, seed, self.shard.start, self.shard.stop)
        return (classes - self.shard.start).to(self.weight.device)

    def forward(self, embeddings: Tensor, labels: Tensor) -> Similarities:
        """Compare regions with their own centres and with sampled negatives. All ranks must call it.

        Args:
            embeddings: shape (R, D); R may differ between ranks and be 0. They need a gradient on all ranks or on none.
            labels: Class indices, int64, shape (R, P), padded with -1; repeated ones count once.

        Returns:
            Similarities: See there.

        Raises:
            UserError: Labels of any rank are out of range, missing, no integers or of a wrong shape; raised on all.
        """
        device_type = embeddings.device.type
        half = torch.get_autocast_dtype(device_type) if torch.is_autocast_enabled(device_type) else None
        with torch.autocast(device_type, enabled=False):
            labels, rows = self._gather_labels(labels, len(embeddings))
            unit = gather_rows(F.normalize(embeddings.to(torch.promote_types(embeddings.dtype, torch.float32)), dim=1),
                               rows)
            inside = (labels >= self.shard.start) & (labels < self.shard.stop)
            pos_cosine, logsumexp, highest, num_own = self._compare(
                unit, torch.where(inside, labels - self.shard.start, -1), self.options._replace(half=half))
            sums, logsumexp, highest = sum_parts(
                torch.cat([pos_cosine, num_own[:, None].to(unit)], dim=1), logsumexp, highest, rows)
        if self.training:
            self.num_steps += 1
        is_pos = labels[rows.own] >= 0
        num_negatives = self.num_samples - sums[:, -1].detach()
        if self.correct_sampling:
            num_others = self.num_classes - is_pos.sum(1)
            logsumexp = logsumexp + (num_others / num_negatives.clamp(min=1)).clamp(min=1).log()
        world = len(rows.counts)
        return Similarities(sums[:, :-1], is_pos, logsumexp, highest, num_negatives, world / max(1, rows.total))

    def _compare(self, unit: Tensor, labels: Tensor, options: Options) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
        """Results for all regions over this rank's rows, and how many of a region's labels were drawn."""
        parts: List[Tuple[Tensor, ...]] = []
        for subset in range(self.num_subsets):
            some = labels[subset::self.num_subsets]
            drawn = self._draw(subset)
            parts.append((*compare_in_blocks(unit[subset::self.num_subsets], self.weight, some, drawn, options),
                          find_own(some, drawn)[0].sum(1)))
        if self.num_subsets == 1:
            return parts[0]
        order = torch.arange(len(unit), device=unit.device)
        place = torch.cat([order[subset::self.num_subsets] for subset in range(self.num_subsets)]).argsort()
        return tuple(torch.cat(part)[place] for part in zip(*parts))

    def _gather_labels(self, labels: Tensor, num_regions: int) -> Tuple[Tensor, Rows]:
        """Labels of all ranks, (R, P), each once in its row, and how the rows are spread. One sync for all checks."""
        complaint, region, label = self._first_bad(labels, num_regions)
        width = labels.size(1) if labels.dim() == 2 else 0
        everyone = all_gather_numbers([num_regions, width, complaint, region, label], self.weight.device)
        for rank, (_, _, complaint, region, label) in enumerate(everyone):
            if complaint:
                raise UserError(f'{self.num_classes} class centres: region {region} of rank {rank}'
                                f'{_COMPLAINTS[complaint].format(label=label, last=self.num_classes - 1)}')
        most = max(1, *(width for _, width, *_ in everyone))
        rows = rows_of([count for count, *_ in everyone])
        labels = labels.to(torch.int64).sort(dim=1, descending=True).values if labels.size(1) > 1 else labels
        repeated = torch.zeros_like(labels, dtype=torch.bool)
        repeated[:, 1:] = labels[:, 1:] == labels[:, :-1]
        labels = F.pad(labels.masked_fill(repeated, -1), (0, most - labels.size(1)), value=-1)
        return gather_rows(labels, rows), rows

    def _first_bad(self, labels: Tensor, num_regions: int) -> Tuple[int, int, int]:
        """What is wrong, with which region and which label: an index into ``_COMPLAINTS``, 0 for nothing."""
        if labels.dim() != 2 or len(labels) != num_regions:
            return 1, 0, -1
        if labels.is_floating_point():
            return (2, 0, -1) if labels.numel() else (0, -1, -1)
        bad = (labels < -1) | (labels >= self.num_classes)
        if bad.any():
            region, column = bad.nonzero()[0].tolist()
            return 3, region, int(labels[region, column])
        several = (labels >= 0).sum(1) != 1
        if self.single_label and several.any():
            return 4, int(several.nonzero()[0]), -1
        return 0, -1, -1

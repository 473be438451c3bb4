"""Cosines of regions to class centres, a block of classes at a time: no tensor of regions x classes.

The forward pass keeps a running log-sum-exp of each region over the sampled negatives; the backward pass computes each
block again. Memory is O(regions x block) beside the inputs, their gradients and nothing else; the products are the two
of a dense implementation, one of them twice, and its two backward.
"""
from typing import Any, Iterator, NamedTuple, Optional, Tuple

import torch
from torch import Tensor

from ..layers.linear import linear

_BLOCK_BYTES = {'cpu': 2**24, 'cuda': 2**29}  # of a block's logits: the CPU's caches, or enough to fill a GPU
_PAIRS = 2**14


class Options(NamedTuple):
    """How to compare.

    Args:
        scale: Factor s of the cosines in the log-sum-exp.
        filter_threshold: Negatives with a larger cosine count as cosine 0 and get no gradient (the inter-class filter
            of the authors' successor code, there 0.75). None keeps all.
        half: Dtype of the large products; None computes them in the dtype of the embeddings.
        block_size: Classes a block; None chooses by the number of regions.
        sparse: Give the centres a sparse gradient, of the rows that took part alone.
        weight_grad_scale: Factor of the centres' gradient.
    """
    scale: float
    filter_threshold: Optional[float] = None
    half: Optional[torch.dtype] = None
    block_size: Optional[int] = None
    sparse: bool = False
    weight_grad_scale: float = 1.


def _normalize(rows: Tensor) -> Tuple[Tensor, Tensor]:
    """Rows of length one, and one over their lengths, shape (..., 1)."""
    inverse = rows.norm(dim=-1, keepdim=True).clamp_(min=1e-12).reciprocal_()
    return rows * inverse, inverse


def _through_norm(grad: Tensor, unit: Tensor, inverse: Tensor) -> Tensor:
    """Gradient of rows from that of the rows of length one, in place of ``grad``."""
    return grad.sub_(unit * (grad * unit).sum(-1, keepdim=True)).mul_(inverse)


def _product(x: Tensor, y: Tensor, half: Optional[torch.dtype]) -> Tensor:
    """``x @ y.T``; with ``half``, of inputs rounded to it."""
    if half is None:
        return linear(x, y)
    x, y = x.to(half), y.to(half)
    if x.is_cuda:
        return torch.mm(x, y.t(), out_dtype=torch.float32) if _has_out_dtype() else (x @ y.t()).float()
    return (x @ y.t()).float()


def _has_out_dtype() -> bool:
    """Whether this torch can multiply in half precision and keep the sums in float32 (CUDA, 2.8 and later)."""
    return 'dtype' in torch.ops.aten.mm.overloads()


def find_own(labels_RP: Tensor, drawn_S: Tensor) -> Tuple[Tensor, Tensor]:
    """Which labels were drawn, bool, shape (R, P), and at which place of ``drawn_S``, which is sorted."""
    if not len(drawn_S):
        return torch.zeros_like(labels_RP, dtype=torch.bool), torch.zeros_like(labels_RP)
    place = torch.searchsorted(drawn_S, labels_RP.contiguous()).clamp_(max=len(drawn_S) - 1)
    return drawn_S[place] == labels_RP, place


class _Blocks:
    """Logits of all regions, block by block: s * cosine, -inf where a class is a region's own."""

    def __init__(self, unit_RD: Tensor, weight_KD: Tensor, labels_RP: Tensor, drawn_S: Tensor,
                 options: Options) -> None:
        self.unit = unit_RD if options.half is None else unit_RD.to(options.half)  # rounded once
        self.weight, self.drawn, self.options = weight_KD, drawn_S, options
        self.size = options.block_size or max(
            128, _BLOCK_BYTES.get(unit_RD.device.type, 2**24) // max(1, len(unit_RD) * unit_RD.element_size()))
        own, place = find_own(labels_RP, drawn_S)
        region, column = own.nonzero(as_tuple=True)
        place = place[region, column]
        order = place.argsort()
        self.own_region, self.own_place = region[order], place[order]
        self.bounds = torch.searchsorted(self.own_place, torch.arange(
            0, len(drawn_S) + self.size, self.size, device=drawn_S.device)).tolist()

    def __iter__(self) -> Iterator[Tuple[slice, Tensor, Tensor, Tensor, Optional[Tensor]]]:
        """Yield the block's part of ``drawn``, its centres of length one, one over their lengths, the logits, and where
        the filter acted."""
        scale, threshold = self.options.scale, self.options.filter_threshold
        for number, start in enumerate(range(0, len(self.drawn), self.size)):
            part = slice(start, start + self.size)
            centers, inverse = _normalize(self.weight[self.drawn[part]])
            logits = _product(self.unit, centers, self.options.half).mul_(scale)
            filtered = None
            if threshold is not None:
                filtered = logits > scale * threshold
                logits.masked_fill_(filtered, 0.)
            own = slice(self.bounds[number], self.bounds[number + 1])
            logits[self.own_region[own], self.own_place[own] - start] = -torch.inf
            yield part, centers, inverse, logits, filtered


def _pairs(labels_RP: Tensor) -> Iterator[Tuple[Tensor, Tensor]]:
    """Region and column of each label that is not -1, some at a time."""
    region, column = (labels_RP >= 0).nonzero(as_tuple=True)
    for start in range(0, len(region), _PAIRS):
        yield region[start:start + _PAIRS], column[start:start + _PAIRS]


class _CompareInBlocks(torch.autograd.Function):

    @staticmethod
    def forward(ctx: Any, unit_RD: Tensor, weight_KD: Tensor, labels_RP: Tensor, drawn_S: Tensor,
                options: Options) -> Tuple[Tensor, Tensor, Tensor]:
        pos_cosine = unit_RD.new_zeros(labels_RP.shape)
        for region, column in _pairs(labels_RP):
            centers, _ = _normalize(weight_KD[labels_RP[region, column]])
            pos_cosine[region, column] = (unit_RD[region] * centers).sum(-1)
        highest = unit_RD.new_full((len(unit_RD), ), -torch.inf)
        total = unit_RD.new_zeros(len(unit_RD))
        for _, _, _, logits, _ in _Blocks(unit_RD, weight_KD, labels_RP, drawn_S, options):
            higher = torch.maximum(highest, logits.amax(1))
            shift = torch.where(higher == -torch.inf, 0., higher)
            total.mul_(torch.exp(highest - shift)).add_(logits.sub_(shift[:, None]).exp_().sum(1))
            highest = higher
        logsumexp = torch.where(highest == -torch.inf, highest, highest + total.log())
        ctx.save_for_backward(unit_RD, weight_KD, labels_RP, drawn_S, logsumexp)
        ctx.options = options
        highest = highest / options.scale
        ctx.mark_non_differentiable(highest)
        return pos_cosine, logsumexp, highest

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad_pos: Tensor, grad_logsumexp: Tensor, _: Any) -> Tuple[Optional[Tensor], ...]:
        unit_RD, weight_KD, labels_RP, drawn_S, logsumexp = ctx.saved_tensors
        options: Options = ctx.options
        rows = drawn_S
        if not options.sparse:
            rows = torch.arange(len(weight_KD), device=weight_KD.device)
        elif labels_RP.numel():
            rows = torch.cat([drawn_S, labels_RP[labels_RP >= 0]]).unique()
        place_S = torch.searchsorted(rows, drawn_S)
        grad_unit = torch.zeros_like(unit_RD)
        grad_rows = weight_KD.new_zeros(len(rows), weight_KD.size(1))

        shift = torch.where(logsumexp == -torch.inf, 0., logsumexp)[:, None]
        factor = (grad_logsumexp * options.scale)[:, None]
        blocks = _Blocks(unit_RD, weight_KD, labels_RP, drawn_S, options)
        for part, centers, inverse, logits, filtered in blocks:
            pull = logits.sub_(shift).exp_().mul_(factor)  # gradient of the cosines
            if filtered is not None:
                pull.masked_fill_(filtered, 0.)
            grad_unit += _product(pull, centers.t(), options.half)
            grad_centers = _product(pull.t(), blocks.unit.t(), options.half)
            grad_rows[place_S[part]] = _through_norm(grad_centers, centers, inverse)
        for region, column in _pairs(labels_RP):
            label = labels_RP[region, column]
            centers, inverse = _normalize(weight_KD[label])
            pull = grad_pos[region, column][:, None]
            grad_unit.index_add_(0, region, pull * centers)
            grad_rows.index_add_(0, torch.searchsorted(rows, label),
                                 _through_norm(pull * unit_RD[region], centers, inverse))
        grad_rows.mul_(options.weight_grad_scale)
        if options.sparse:
            grad_rows = torch.sparse_coo_tensor(rows[None], grad_rows, weight_KD.shape, is_coalesced=True,
                                                check_invariants=False)
        return grad_unit, grad_rows, None, None, None


def compare_in_blocks(unit_RD: Tensor, weight_KD: Tensor, labels_RP: Tensor, drawn_S: Tensor,
                      options: Options) -> Tuple[Tensor, Tensor, Tensor]:
    """Compare regions with their own centres and with sampled negatives.

    Args:
        unit_RD: Region embeddings of length one, shape (R, D), float32 or float64.
        weight_KD: Class centres, of any length, shape (K, D).
        labels_RP: Rows of each region's own centres, int64, shape (R, P); -1 is none. They are not among its
            negatives.
        drawn_S: Rows of the sampled classes, sorted, int64, shape (S,).
        options: See there.

    Returns:
        tuple: Cosines to own centres (R, P), 0 where there is none; log-sum-exp of s * cosine over the negatives (R,),
        -inf where there is none; the largest cosine among them (R,), without gradient.
    """
    if not len(unit_RD):
        drawn_S = drawn_S[:0]  # no row takes part
    return _CompareInBlocks.apply(unit_RD, weight_KD, labels_RP, drawn_S, options)

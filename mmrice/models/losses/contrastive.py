"""Contrast of paired rows with all rows of the batch, a chunk of rows at a time: no matrix of all pairs.

A chunk's logits live while it is computed, and once more in the backward pass.
"""
from typing import Callable, NamedTuple, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint


class Pairs(NamedTuple):
    """Rows of this rank and what they are compared with.

    Attributes:
        own: Unit vectors of this rank, shape (R, D).
        other: Unit vectors of the other side, of all ranks, shape (N, D).
        first: Row of ``other`` that belongs to ``own[0]``; the rest follow.
        own_texts, other_texts: Unit text embeddings of both, shapes (R, D) and (N, D), by which pairs are left out;
            None keeps all pairs.
        threshold: Pairs whose texts have a larger cosine are left out, except an own one.
    """
    own: Tensor
    other: Tensor
    first: int = 0
    own_texts: Optional[Tensor] = None
    other_texts: Optional[Tensor] = None
    threshold: float = 1.


def left_out(pairs: Pairs, start: int, stop: int) -> Tensor:
    """Pairs of own rows that say nearly the same (CLOC, sec. 3.2: cosine of their texts above 0.9, no gradient).

    Args:
        pairs: With texts.
        start, stop: Own rows.

    Returns:
        Tensor: bool, shape (stop - start, N); an own pair is never left out.
    """
    with torch.no_grad():
        same = pairs.own_texts[start:stop] @ pairs.other_texts.T > pairs.threshold
        same[torch.arange(stop - start), torch.arange(start, stop) + pairs.first] = False
    return same


def softmax_chunk(pairs: Pairs, scale: Tensor, start: int, stop: int) -> Tuple[Tensor, Tensor]:
    """Cross-entropy of own rows with their partners among all (CLOC, eq. 1 and 2), and how many are nearest.

    Args:
        pairs: See the class.
        scale: One over the temperature.
        start, stop: Own rows.

    Returns:
        tuple: The sum over these rows, and the number of rows whose partner is the most similar.
    """
    logits = scale * (pairs.own[start:stop] @ pairs.other.T)
    target = torch.arange(start, stop, device=logits.device) + pairs.first
    if pairs.own_texts is not None:
        logits = logits.masked_fill(left_out(pairs, start, stop), -torch.inf)
    return F.cross_entropy(logits, target, reduction='sum'), (logits.argmax(dim=1) == target).sum()


def sigmoid_chunk(pairs: Pairs, scale: Tensor, bias: Tensor, start: int, stop: int) -> Tuple[Tensor, Tensor]:
    """Each pair is a yes or a no (SigLIP, Zhai et al. 2023, alg. 1), and how many partners are nearest.

    Args:
        pairs, start, stop: See :func:`softmax_chunk`.
        scale, bias: Of the logits.
    """
    cosines = pairs.own[start:stop] @ pairs.other.T
    target = torch.arange(start, stop, device=cosines.device) + pairs.first
    signs = torch.full_like(cosines, -1.).scatter_(1, target[:, None], 1.)
    losses = F.softplus(-signs * (scale * cosines + bias))
    if pairs.own_texts is not None:
        omitted = left_out(pairs, start, stop)
        losses, cosines = losses.masked_fill(omitted, 0.), cosines.masked_fill(omitted, -torch.inf)
    return losses.sum(), (cosines.argmax(dim=1) == target).sum()


def sum_chunks(chunk: Callable[[int, int], Tuple[Tensor, Tensor]], num_rows: int,
               chunk_size: int) -> Tuple[Tensor, Tensor]:
    """Add up what a function says of chunks of rows; what it computes on the way is computed again for gradients.

    Args:
        chunk: (start, stop) -> a sum with gradients, and a count.
        num_rows: Rows, one at least.
        chunk_size: Most rows at a time.
    """
    bounds = [(start, min(start + chunk_size, num_rows)) for start in range(0, num_rows, chunk_size)]
    if len(bounds) == 1:
        return chunk(*bounds[0])
    parts = [checkpoint(chunk, *bound, use_reentrant=False) if torch.is_grad_enabled() else chunk(*bound)
             for bound in bounds]
    sums, counts = zip(*parts)
    return torch.stack(sums).sum(), torch.stack(counts).sum()

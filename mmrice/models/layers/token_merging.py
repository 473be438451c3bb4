"""Token merging: patches that are alike go on as one (Bolya et al., ICLR 2023, "bipartite soft matching").

UMG-CLIP is said to cluster visual tokens in pretraining; how could not be read. This way takes one product of matrices
and no iterations. Of the paper's details, attention here does not weigh merged tokens by their size, and similarity is
that of the tokens, not of one layer's keys.
"""
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Merged(NamedTuple):
    """Patches after merging.

    Attributes:
        tokens: Means of those that were merged, shape (B, L', C).
        positions: Likewise of their rows and columns, float32, shape (B, L', 2).
        target: Which of them each patch has become, int64, shape (B, L).
    """
    tokens: Tensor
    positions: Tensor
    target: Tensor


def merge_tokens(tokens: Tensor, positions: Tensor, number: int) -> Merged:
    """Merge patches into others.

    Every second patch may be merged into the most similar one of the rest; those are that are most similar.

    Args:
        tokens: Patches, shape (B, L, C).
        positions: Their rows and columns, shape (L, 2).
        number: How many are merged away, at most (L + 1) // 2.
    """
    count = tokens.size(1)
    movable = (count + 1) // 2
    with torch.no_grad(), torch.autocast(tokens.device.type, enabled=False):  # in bfloat16 too many would be equal
        unit = F.normalize(tokens.float(), dim=-1)
        best, partner = (unit[:, ::2] @ unit[:, 1::2].transpose(1, 2)).max(dim=-1)
        order = best.argsort(dim=1, descending=True, stable=True)
        stays = order[:, number:].sort(dim=1).values
        target = torch.empty(tokens.shape[:2], dtype=torch.int64, device=tokens.device)
        target[:, 1::2] = torch.arange(movable - number, count - number, device=tokens.device)
        place = partner + movable - number
        place.scatter_(1, stays, torch.arange(movable - number, device=tokens.device).expand_as(stays))
        target[:, ::2] = place
    whole = tokens.float()  # rows over 256 are no numbers of bfloat16
    values = torch.cat([whole, positions.to(whole).expand(len(tokens), -1, -1), torch.ones_like(whole[..., :1])], -1)
    index = target[..., None].expand_as(values)
    summed = values.new_zeros(len(tokens), count - number, values.size(-1)).scatter_add(1, index, values)
    means = summed[..., :-1] / summed[..., -1:]
    return Merged(means[..., :-2].to(tokens.dtype), means[..., -2:].detach(), target)


def unmerge_tokens(tokens: Tensor, target: Tensor) -> Tensor:
    """Give each patch the token that it has become: (B, L', C) and (B, L) to (B, L, C)."""
    return tokens.gather(1, target[..., None].expand(-1, -1, tokens.size(-1)))

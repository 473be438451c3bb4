"""Recall of retrieval by cosine, exact and in blocks (pure functions)."""
from typing import Sequence

import torch
from torch import Tensor


def ranks_of_best_match(queries_QC: Tensor, gallery_GC: Tensor, groups_Q: Tensor, groups_G: Tensor,
                        block: int = 4096) -> Tensor:
    """How many wrong items score no less than the best right one.

    A query's k best hold a right item if fewer than k do. A tie with a wrong item counts against it, and so does
    not-a-number. Beside the arguments, memory is a few times block * block floats.

    Args:
        queries_QC: shape (Q, C), float32.
        gallery_GC: shape (G, C), float32.
        groups_Q, groups_G: An item is right where its group is the query's; int64, shapes (Q,) and (G,).
        block: Queries, and items, at a time. Defaults to 4096.

    Returns:
        Tensor: int64, shape (Q,); G for a query without a right item.
    """
    ranks = []
    for query, group in zip(queries_QC.split(block), groups_Q.split(block)):
        best, before = query.new_full((len(query), 1), -torch.inf), torch.zeros_like(group)
        for items, others in zip(gallery_GC.split(block), groups_G.split(block)):
            right = group[:, None] == others
            scores = (query @ items.T).masked_fill(~right, -torch.inf)
            best = torch.maximum(best, scores.amax(dim=1, keepdim=True))
        for items, others in zip(gallery_GC.split(block), groups_G.split(block)):
            wrong = group[:, None] != others
            before += (wrong & ~(query @ items.T < best)).sum(dim=1)
        ranks.append(before)
    return torch.cat(ranks) if ranks else groups_Q.new_empty(0)


def recall(ranks_Q: Tensor, k: int) -> float:
    """Share of the queries whose k best hold a right item, in per cent; not-a-number without queries.

    Args:
        ranks_Q: Of :func:`ranks_of_best_match`.
        k: How many items are looked at.
    """
    return 100 * float((ranks_Q < k).double().mean())


def groups_of(texts: Sequence[str]) -> Tensor:
    """A number for each text, the same for texts that differ in capitals or spaces alone; int64, shape (N,)."""
    known: dict = {}
    return torch.tensor([known.setdefault(' '.join(text.lower().split()), len(known)) for text in texts],
                        dtype=torch.int64)

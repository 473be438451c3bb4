"""Nearest neighbours by cosine, and the weighted vote of the kNN probe (DINO's protocol; k = 20, temperature 0.07).

    score(c) = sum over the k nearest i of class c of exp(cos_i / T)

exact, without an index. A query's scores are divided by their sum, which changes no order and cannot overflow.
"""
from typing import Optional, Tuple

import torch
from torch import Tensor


def nearest(queries_QC: Tensor, bank_NC: Tensor, k: int, excluded_Q: Optional[Tensor] = None,
            block: int = 65_536) -> Tuple[Tensor, Tensor]:
    """The k most similar rows of a bank for each query.

    The bank is taken in blocks and compared in float32, whatever its own dtype: beside the arguments, memory is
    Q * block + block * C floats.

    Args:
        queries_QC: Unit vectors, shape (Q, C), float32.
        bank_NC: Unit vectors, shape (N, C).
        k: How many; all N where there are fewer.
        excluded_Q: A row of the bank that each query must not find, shape (Q,), int64. Defaults to None.
        block: Rows of the bank at a time. Defaults to 65,536.

    Returns:
        tuple: Cosines, falling, shape (Q, k), float32; and their rows, shape (Q, k), int64. An excluded row has the
        cosine -inf, and is among the k only where the bank has no other.
    """
    values = queries_QC.new_empty(len(queries_QC), 0)
    rows = torch.empty(len(queries_QC), 0, dtype=torch.int64, device=queries_QC.device)
    for start in range(0, len(bank_NC), block):
        cosines = queries_QC @ bank_NC[start:start + block].to(queries_QC.dtype).T
        if excluded_Q is not None:
            here = (excluded_Q >= start) & (excluded_Q < start + block)
            cosines[here, excluded_Q[here] - start] = -torch.inf
        best, places = cosines.topk(min(k, cosines.shape[1]))
        values, rows = torch.cat([values, best], dim=1), torch.cat([rows, places + start], dim=1)
        values, order = values.topk(min(k, values.shape[1]))
        rows = rows.gather(1, order)
    return values, rows


def vote(cosines_QK: Tensor, labels_QK: Tensor, num_classes: int, temperature: float) -> Tensor:
    """Scores of the classes, from the neighbours of each query.

    Args:
        cosines_QK: shape (Q, K); -inf for what has no vote.
        labels_QK: Class of each neighbour, shape (Q, K), int64.
        num_classes: Number of classes.
        temperature: T; small ones leave the vote to the nearest.

    Returns:
        Tensor: shape (Q, num_classes), summing to 1; 0 for classes without a neighbour.
    """
    weights = (cosines_QK / temperature).softmax(dim=1)
    return weights.new_zeros(len(weights), num_classes).scatter_add_(1, labels_QK, weights)

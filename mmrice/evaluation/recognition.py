"""Accuracy of boxes and of classes, from the place of the true class among all (pure functions).

The field mixes three numbers under names alike: the share of boxes (FG-CLIP's "top-1"), the mean over classes of the
shares (CLIPSelf's "mAcc"), and the AP of true boxes; CLOC does not define its "mAcc". Here all have names of their own.
"""
from typing import Dict, Optional, Sequence

import numpy as np
from torch import Tensor

TOPK = (1, 5)


def ranks_of_truth(scores_KC: Tensor, labels_K: Tensor) -> Tensor:
    """How many other classes score no less than the true one: a tie counts against it, and so does not-a-number.

    Args:
        scores_KC: shape (K, C).
        labels_K: True classes, int64, shape (K,).

    Returns:
        Tensor: 0 where the true class is first, int64, shape (K,).
    """
    true = scores_KC.gather(1, labels_K[:, None].to(scores_KC.device))
    return scores_KC.size(1) - 1 - (scores_KC < true).sum(dim=1)


def count_hits(ranks: np.ndarray, labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Boxes of each class, and how many of them are right.

    Args:
        ranks: Of :func:`ranks_of_truth`, shape (N,).
        labels: True classes, shape (N,).
        num_classes: C.

    Returns:
        np.ndarray: Boxes, and those whose class is the first, and among the first five; int64, shape (C, 3).
    """
    right = [np.ones(len(ranks), bool), *(ranks < k for k in TOPK)]
    return np.stack([np.bincount(labels[chosen], minlength=num_classes) for chosen in right], axis=1)


def of_boxes(hits_C3: np.ndarray) -> Dict[str, float]:
    """Share of all boxes in per cent, by k; not-a-number without boxes.

    Returns:
        dict: {'top-1': per cent, 'top-5': per cent}.
    """
    boxes, *right = hits_C3.sum(axis=0)
    return {f'top-{k}': 100 * float(number) / boxes if boxes else float('nan') for k, number in zip(TOPK, right)}


def of_classes(hits_C3: np.ndarray, chosen: Optional[Sequence[int]] = None) -> Dict[str, float]:
    """Mean of the shares of the classes that have boxes, in per cent, by k.

    Args:
        hits_C3: Of :func:`count_hits`.
        chosen: Classes to count, where not all. Defaults to None.

    Returns:
        dict: {'top-1': per cent, 'top-5': per cent}; not-a-number where none of the classes has a box.
    """
    hits = hits_C3 if chosen is None else hits_C3[list(chosen)]
    hits = hits[hits[:, 0] > 0]
    shares = hits[:, 1:] / hits[:, :1]
    return {f'top-{k}': 100 * float(share.mean()) if len(share) else float('nan')
            for k, share in zip(TOPK, shares.T)}

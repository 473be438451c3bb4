"""Softmax cross-entropy over a region's own centre and its negatives, as in the authors' successor code.

    one label:    L = -log(exp(s_p) / (exp(s_p) + sum_{j in negatives} exp(s_j)))
    many labels:  the mean of that over the region's labels; own labels are not among each other's negatives

``s`` are scaled cosines, the margin already taken from the positive ones. The paper's losses are in
:mod:`.region_discrimination`. The successor code draws 8 of 10 or 100 labels each step, with negatives for each; here
all labels of a region count and share its negatives.
"""
import torch.nn.functional as F
from torch import Tensor


def single_label_cross_entropy(pos_R: Tensor, neg_logsumexp_R: Tensor) -> Tensor:
    """Loss of each region with one label.

    Args:
        pos_R: Scaled cosine to the region's own centre, shape (R,), float32.
        neg_logsumexp_R: log-sum-exp of its sampled negatives, shape (R,); -inf where it has none.

    Returns:
        Tensor: shape (R,), >= 0, in nats.
    """
    return F.softplus(neg_logsumexp_R - pos_R)


def multi_label_cross_entropy(pos_RP: Tensor, is_pos_RP: Tensor, neg_logsumexp_R: Tensor) -> Tensor:
    """Loss of each region with a set of labels.

    Args:
        pos_RP: Scaled cosines to the centres of the region's labels, shape (R, P), float32.
        is_pos_RP: False where ``pos_RP`` is padding, bool, shape (R, P).
        neg_logsumexp_R: As in :func:`single_label_cross_entropy`.

    Returns:
        Tensor: shape (R,), >= 0, in nats; 0 for a region without labels.
    """
    losses_RP = F.softplus(neg_logsumexp_R[:, None] - pos_RP).masked_fill(~is_pos_RP, 0.)
    return losses_RP.sum(1) / is_pos_RP.sum(1).clamp(min=1)

"""Region cluster discrimination with sampled negatives (RICE, sec. 3.3).

    one label, objects:   L = log(1 + exp(-s_p))            + log(1 + sum_{j in negatives} exp(s_j))
    many labels, OCR:     L = log(1 + sum_{i in P} exp(-s_i)) + log(1 + sum_{j in negatives} exp(s_j))

``s`` are scaled cosines, the margin already taken from the positive ones. Follows the paper; the authors' successor
code uses softmax cross-entropy instead.
"""
import torch
import torch.nn.functional as F
from torch import Tensor


def single_label_loss(pos_R: Tensor, neg_logsumexp_R: Tensor) -> Tensor:
    """Loss of each region with one label.

    Args:
        pos_R: Scaled cosine to the region's own centre, shape (R,), float32.
        neg_logsumexp_R: log-sum-exp of its sampled negatives, shape (R,); -inf where it has none.

    Returns:
        Tensor: shape (R,), >= 0, in nats.
    """
    return F.softplus(-pos_R) + F.softplus(neg_logsumexp_R)


def multi_label_loss(pos_RP: Tensor, is_pos_RP: Tensor, neg_logsumexp_R: Tensor) -> Tensor:
    """Loss of each region with a set of labels; equals :func:`single_label_loss` where the set has one.

    Args:
        pos_RP: Scaled cosines to the centres of the region's labels, shape (R, P), float32.
        is_pos_RP: False where ``pos_RP`` is padding, bool, shape (R, P); a row without True has the
            second term alone.
        neg_logsumexp_R: As in :func:`single_label_loss`.

    Returns:
        Tensor: shape (R,), >= 0, in nats.
    """
    pos_logsumexp_R = torch.where(is_pos_RP, -pos_RP, -torch.inf).logsumexp(dim=1)
    return F.softplus(pos_logsumexp_R) + F.softplus(neg_logsumexp_R)

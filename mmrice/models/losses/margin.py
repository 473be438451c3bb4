"""Margins on the cosine to the own centre (ArcFace, CosFace, and their combination).

    cos(m1 * theta + m2) - m3,   theta = arccos(cosine)

m1 = 1, m2 = 0 is CosFace's additive margin, which the authors' successor code uses with m3 = 0.3; m1 = 1, m3 = 0 is
ArcFace's. Gradients are exact. The reference code of Partial FC changes logits without recording it, so that its
gradient lacks the factor sin(m1 * theta + m2) * m1 / sin(theta); and the successor's fused multi-label backward leaves
out the division by the number of labels. Neither is reproduced here.
"""
import torch
from torch import Tensor


def combined_margin(cosine: Tensor, m1: float = 1., m2: float = 0., m3: float = 0.) -> Tensor:
    """Cosine with a margin; falls with theta as long as m1 * theta + m2 <= pi.

    Args:
        cosine: Any shape, float32 or float64.
        m1, m2, m3: See above; m2 in radians.

    Returns:
        Tensor: Same shape. Where the cosine is within rounding of +-1, its gradient through an angle would be infinite
        and is 0.
    """
    if m1 == 1 and m2 == 0:
        return cosine - m3
    edge = 1 - torch.finfo(cosine.dtype).eps
    return torch.cos(m1 * torch.arccos(cosine.clamp(-edge, edge)) + m2) - m3

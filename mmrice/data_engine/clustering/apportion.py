"""Share out a number in proportion (largest remainders)."""
import numpy as np


def apportion(total: int, sizes_C: np.ndarray, most_C: np.ndarray) -> np.ndarray:
    """Whole numbers in proportion to sizes, whose sum is exact (Hamilton's method, within bounds).

    Args:
        total: To share out; at least one for each size above 0, and at most the sum of ``most_C``.
        sizes_C: >= 0, int64.
        most_C: What each gets at most, >= 1 where its size is above 0, int64.

    Returns:
        np.ndarray: shape (C,), int64, sum ``total``, 1 <= each <= its most; 0 where the size is 0.
    """
    least, most = np.minimum(sizes_C, 1), np.where(sizes_C > 0, most_C, 0)
    low, high = 0.0, float(total)
    for _ in range(100):  # the factor at which the bounded shares add up to the total
        factor = (low + high) / 2
        if np.clip(factor * sizes_C, least, most).sum() < total:
            low = factor
        else:
            high = factor
    wanted = np.clip(low * sizes_C, least, most)
    shares = np.floor(wanted).astype(np.int64)
    while (left := total - shares.sum()) > 0:
        order = np.argsort(shares - wanted, kind='stable')
        shares[order[shares[order] < most[order]][:left]] += 1
    return shares

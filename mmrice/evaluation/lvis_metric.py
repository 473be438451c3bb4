"""LVISMetric: MMDetection's, with the lvis package as it is on PyPI."""
from contextlib import contextmanager
from typing import Any, Dict, Iterator

import numpy as np
from mmdet.evaluation.metrics import LVISMetric as Reference

from mmrice.registry import METRICS


@contextmanager
def _old_numpy_name() -> Iterator[None]:
    """Lend NumPy the name ``float`` that it lost in 1.24: lvis 0.5.3 still asks for it."""
    lent = not hasattr(np, 'float')
    if lent:
        np.float = float
    try:
        yield
    finally:
        if lent:
            del np.float


@METRICS.register_module()
class LVISMetric(Reference):
    """AP of LVIS v1, of all, rare, common and frequent classes; see MMDetection's ``LVISMetric``."""

    def compute_metrics(self, results: list) -> Dict[str, Any]:
        """Compute the numbers from truth and prediction of each image."""
        with _old_numpy_name():
            return super().compute_metrics(results)

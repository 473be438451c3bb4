"""What the hosts import from panopticapi, which is on no package index: ids as colours, and panoptic quality.

Panoptic quality of a class (Kirillov et al., CVPR 2019, Eq. 1), over its matched segments TP and the unmatched ones:

    PQ = sum of IoU over TP / (|TP| + |FP| / 2 + |FN| / 2) = SQ x RQ,  SQ = sum of IoU / |TP|
"""
from collections import defaultdict
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Dict, Optional, Tuple

import numpy as np

OFFSET = 256**3  # above every id that a colour can hold
VOID = 0


def rgb2id(color: Any) -> Any:
    """Ids of colours: R + 256 G + 65536 B.

    Args:
        color: An image, shape (H, W, 3), any integer dtype, or one colour.

    Returns:
        np.ndarray | int: shape (H, W), int32; of one colour a plain int.
    """
    if isinstance(color, np.ndarray) and color.ndim == 3:
        return color.astype(np.int32) @ np.array([1, 256, 65536], np.int32)
    return int(color[0]) + 256 * int(color[1]) + 65536 * int(color[2])


def id2rgb(ids: Any) -> Any:
    """Colours of ids, the inverse of :func:`rgb2id`: uint8, shape (H, W, 3); of one id a list of three ints."""
    if isinstance(ids, np.ndarray):
        return np.stack([ids.astype(np.int64) >> shift & 255 for shift in (0, 8, 16)], -1).astype(np.uint8)
    return [int(ids) >> shift & 255 for shift in (0, 8, 16)]


@dataclass
class PQStatCat:
    """Counts of one class: the sum of the IoU of its matched segments, and how many were matched, false, missed."""
    iou: float = 0.
    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __iadd__(self, other: 'PQStatCat') -> 'PQStatCat':
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)
        return self


class PQStat:
    """Counts of all classes, by category id."""

    def __init__(self) -> None:
        self.pq_per_cat: Dict[int, PQStatCat] = defaultdict(PQStatCat)

    def __getitem__(self, category: int) -> PQStatCat:
        return self.pq_per_cat[category]

    def __iadd__(self, other: 'PQStat') -> 'PQStat':
        for category, counts in other.pq_per_cat.items():
            self.pq_per_cat[category] += counts
        return self

    def pq_average(self, categories: Dict[int, Dict[str, Any]],
                   isthing: Optional[bool]) -> Tuple[Dict[str, Any], Dict[int, Dict[str, float]]]:
        """Mean quality of the classes that occur.

        Args:
            categories: Category id -> a dict with ``isthing``.
            isthing: Only things (True), only stuff (False), or all (None).

        Returns:
            tuple: ``{'pq', 'sq', 'rq', 'n'}``, fractions and the number of classes that occur, all 0 where none does;
            and ``{'pq', 'sq', 'rq'}`` of each class asked for, 0 where it does not occur.
        """
        each, seen = {}, []
        for category, info in categories.items():
            if isthing is not None and (info['isthing'] == 1) != isthing:
                continue
            one = self.pq_per_cat[category]
            size = one.tp + 0.5 * one.fp + 0.5 * one.fn
            each[category] = dict(pq=one.iou / size if size else 0., sq=one.iou / one.tp if one.tp else 0.,
                                  rq=one.tp / size if size else 0.)
            if size:
                seen.append(each[category])
        mean = {name: sum(one[name] for one in seen) / max(len(seen), 1) for name in ('pq', 'sq', 'rq')}
        return dict(mean, n=len(seen)), each


def fill(module: ModuleType) -> None:
    """Give a stand-in for panopticapi, its ``utils`` or its ``evaluation`` the names that the hosts import."""
    for value in (rgb2id, id2rgb, PQStatCat, PQStat):
        setattr(module, value.__name__, value)
    module.OFFSET, module.VOID = OFFSET, VOID

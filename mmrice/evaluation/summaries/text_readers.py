"""Numbers of region recognition and of retrieval by texts."""
from typing import Any, List, Sequence, Tuple

import numpy as np
from torch import Tensor

from ..recall import recall
from ..recognition import of_boxes, of_classes
from ..region_recognition import GROUPS
from .summary import Summary, percent

_WORDS = {'r': 'region', 'i': 'image'}


def read_regions(summary: Summary, metric: Any, hits: Sequence[np.ndarray]) -> None:
    """Top-1 and top-5 of boxes, as means over classes, over LVIS' groups of classes, and of each class.

    Args:
        summary: Filled in place.
        metric: A :class:`mmrice.RegionRecognition`.
        hits: Boxes, and right ones, of each class, see :func:`..recognition.count_hits`.
    """
    counts_C3 = hits[-1]
    names = metric.dataset_meta['classes']
    groups = {'class mean': list(range(len(names))),
              **{f'{GROUPS[letter]} classes': members for letter, members in metric.groups().items()}}
    summary.rows['all boxes'] = {**of_boxes(counts_C3), 'boxes': int(counts_C3[:, 0].sum())}
    for row, members in groups.items():
        counts = counts_C3[members]
        summary.rows[row] = {**{key: percent(value / 100) for key, value in of_classes(counts).items()},
                             'boxes': int(counts[:, 0].sum()), 'classes': int((counts[:, 0] > 0).sum())}
    summary.classes['all boxes'] = {
        name: {**{key: percent(value / 100) for key, value in of_boxes(counts_C3[place:place + 1]).items()},
               'boxes': int(counts_C3[place, 0])} for place, name in enumerate(names)}


def read_retrieval(summary: Summary, metric: Any, ranks: List[Tuple[Tensor, Tensor]]) -> None:
    """Recalls both ways, and how many were asked for.

    Args:
        summary: Filled in place.
        metric: A :class:`mmrice.RegionTextRetrieval` or :class:`mmrice.ImageTextRetrieval`.
        ranks: See :func:`..text_retrieval.both_ways`.
    """
    word = _WORDS[metric.letter]
    for row, own in zip((f'{word} to text', f'text to {word}'), ranks[-1]):
        summary.rows[row] = {**{f'recall@{k}': recall(own, k) for k in metric.topk}, 'queries': len(own)}


def read_tags(summary: Summary, metric: Any, precisions: Sequence[Tensor]) -> None:
    """Mean average precision, and that of each class.

    Args:
        summary: Filled in place.
        metric: MMPretrain's ``AveragePrecision`` or a subclass.
        precisions: That of each class, a fraction.
    """
    each = [percent(float(value)) for value in precisions]
    summary.rows['all'] = dict(mAP=sum(each) / len(each), classes=len(each))
    summary.classes['all'] = {name: dict(AP=value) for name, value in zip(metric.dataset_meta['classes'], each)}

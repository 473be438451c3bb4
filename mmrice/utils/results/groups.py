"""Group runs that differ in their seed alone, and average over them."""
import re
from pathlib import Path, PurePath
from statistics import mean, stdev
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .runs import Run
from .units import is_percentage, percent

_SEED = re.compile(r'(^|[-_.])seed[-_]?\d+$')
# Metric -> (heading, where its unrounded value is, None where the host does not round)
HEADLINES: Dict[str, Tuple[str, Optional[Tuple[str, str, str]]]] = {
    'coco/bbox_mAP': ('box AP', ('coco', 'bbox', 'AP')),
    'coco/segm_mAP': ('mask AP', ('coco', 'segm', 'AP')),
    'lvis/bbox_AP': ('LVIS box AP', ('lvis', 'bbox', 'AP')),
    'lvis/segm_AP': ('LVIS mask AP', ('lvis', 'segm', 'AP')),
    'coco_panoptic/PQ': ('PQ', ('coco_panoptic', 'all', 'PQ')),
    'mIoU': ('mIoU', ('segmentation', 'all', 'mIoU')),
    'cIoU': ('cIoU', None),
    'accuracy/top1': ('top-1', None),
    'retrieval/Recall@1': ('recall@1', None),
    'regions/accuracy/top1': ('region top-1', None),
    'regions/mAcc': ('region class-mean', None),
    'coco_true_boxes/bbox_mAP': ('true-box AP', ('coco_true_boxes', 'bbox', 'AP')),
    'lvis_true_boxes/bbox_AP': ('LVIS true-box AP', ('lvis_true_boxes', 'bbox', 'AP')),
    'region_retrieval/r2t/Recall@10': ('region-to-text R@10', None),
    'region_retrieval/t2r/Recall@10': ('text-to-region R@10', None),
    'image_retrieval/i2t/Recall@1': ('image-to-text R@1', None),
    'image_retrieval/t2i/Recall@1': ('text-to-image R@1', None),
    'grounding/Acc@0.5': ('box acc@0.5', None),
}


def without_seed(path: str) -> str:
    """A path without what tells seeds apart: parts and endings such as 'seed3', and a checkpoint's file name.

    'out/rice/seed3/latest.pth' becomes 'out/rice', and so does 'out/rice_seed3/iter_100.pth'.
    """
    parts = list(PurePath(path).parts)
    if len(parts) > 1 and re.fullmatch(r'(latest|best.*|(iter|epoch)_\d+)\.pth', parts[-1]):
        parts.pop()
    kept = [part for part in (_SEED.sub('', part) for part in parts) if part]
    return str(PurePath(*kept)) if kept else path


def _weights(run: Run) -> str:
    known = run.initial_weights
    return '' if known is None else known if '://' in known else without_seed(known)


FIELDS: Dict[str, Callable[[Run], str]] = {
    'config': lambda run: run.config,
    'weights': _weights,
    'dataset': lambda run: run.dataset,
    'folder': lambda run: without_seed(str(run.place.parent if run.source == 'test' else run.place)),
}


class Mean(NamedTuple):
    """Statistics of a metric in per cent.

    Args:
        value: Mean over the runs that have the metric.
        deviation: Sample standard deviation; None for one run.
        count: How many runs have it.
    """
    value: float
    deviation: Optional[float]
    count: int


class Group(NamedTuple):
    """Runs that a row of the table is about.

    Args:
        key: {field: value}.
        runs: Those with results.
        missing: How many are without.
        means: By metric.
    """
    key: Dict[str, str]
    runs: List[Run]
    missing: int
    means: Dict[str, Mean]


def group_runs(runs: Sequence[Run], fields: Sequence[str], metrics: Sequence[str]) -> List[Group]:
    """Group runs whose fields are equal; tests and validations stay apart, and so do datasets and their splits.

    Args:
        runs: All runs.
        fields: Some of ``FIELDS``.
        metrics: Names that the hosts give.

    Returns:
        list[Group]: Sorted by their keys. A run without results counts in the groups of its fields, or makes one. The
            dataset is in the keys where fields equal differ in it.
    """
    tested: Dict[Tuple[str, ...], Dict[Tuple[str, str], List[Run]]] = {}
    for run in runs:
        key = tuple(FIELDS[field](run) for field in fields)
        tested.setdefault(key, {}).setdefault((run.source, run.dataset if run.source else ''), []).append(run)
    several = any(len({dataset for source, dataset in parts if source == 'test'}) > 1 for parts in tested.values())
    groups = []
    for key, parts in sorted(tested.items()):
        missing = len(parts.pop(('', ''), []))
        for (source, dataset), members in sorted(parts.items()) or [(('', ''), [])]:
            means = {name: _mean([value_of(run, name) for run in members]) for name in metrics}
            shown = dict(zip(fields, key), **{'dataset': dataset} if several else {}, **{'from': source})
            groups.append(Group(shown, members, missing,
                                {name: value for name, value in means.items() if value is not None}))
            missing = 0
    return groups


def _mean(values: Sequence[Optional[float]]) -> Optional[Mean]:
    known = [value for value in values if value is not None]
    return Mean(mean(known), stdev(known) if len(known) > 1 else None, len(known)) if known else None


def value_of(run: Run, metric: str) -> Optional[float]:
    """A metric of a run, unrounded where the results have it, in per cent where it is such a metric."""
    place = HEADLINES.get(metric, ('', None))[1]
    value: Any = run.summary if place else None
    for part in place or ():
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        value = run.metrics.get(metric)
        value = percent(metric, value) if is_percentage(metric) else value
    return None if value is None else float(value)


def short_names(groups: Sequence[Group]) -> Dict[str, str]:
    """{initial weights: last part of their path}, the whole path where others end alike."""
    every = sorted({group.key.get('weights', '') for group in groups})
    last = {name: name if '://' in name else Path(name).name for name in every}
    return {name: short if list(last.values()).count(short) == 1 else name for name, short in last.items()}

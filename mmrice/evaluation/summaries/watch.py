"""Look over the shoulder of the hosts' metrics, subclasses and stock configs included, without changing a number."""
import functools
import sys
from contextlib import ExitStack, contextmanager
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .quiet import quiet_tables
from .readers import read_coco, read_lvis, read_panoptic, read_pixels
from .summary import Summary
from .text_readers import read_regions, read_retrieval, read_tags


class Watched(NamedTuple):
    """How to read a class of metrics.

    Args:
        read: ``read(summary, metric, seen)`` fills a summary.
        calls: (module or None for the metric, function): what is seen is what these functions return.
        method: Whether to see the object whose method is called instead.
        name: Of the summary where the metric has no prefix.
    """
    read: Callable[[Summary, Any, List[Any]], None]
    calls: Sequence[Tuple[Optional[str], str]]
    method: bool = False
    name: str = ''


_METRICS = 'mmdet.evaluation.metrics.'
_KNOWN: Dict[str, Watched] = {
    f'{_METRICS}lvis_metric.LVISMetric':
    Watched(read_lvis, [(f'{_METRICS}lvis_metric', 'LVISEval')]),
    f'{_METRICS}coco_metric.CocoMetric':
    Watched(read_coco, [(f'{_METRICS}coco_metric', 'COCOeval'), (f'{_METRICS}coco_metric', 'COCOevalMP'),
                        (f'{_METRICS}faster_coco_metric', 'COCOeval_faster')]),
    f'{_METRICS}coco_panoptic_metric.CocoPanopticMetric':
    Watched(read_panoptic, [(f'{_METRICS}coco_panoptic_metric', 'PQStat.pq_average')], method=True),
    'mmseg.evaluation.metrics.iou_metric.IoUMetric':
    Watched(read_pixels, [(None, 'total_area_to_metrics')], name='segmentation'),
    'mmpretrain.evaluation.metrics.multi_label.AveragePrecision':
    Watched(read_tags, [('mmpretrain.evaluation.metrics.multi_label', '_average_precision')]),
    'mmrice.evaluation.region_recognition.RegionRecognition':
    Watched(read_regions, [('mmrice.evaluation.region_recognition', 'count_hits')]),
    'mmrice.evaluation.text_retrieval.TextRetrieval':
    Watched(read_retrieval, [('mmrice.evaluation.text_retrieval', 'both_ways')]),
}


def watch(metrics: Sequence[Any]) -> List[Summary]:
    """Keep what metrics compute but do not return; their own tables go to the log file only.

    Known are MMDetection's ``CocoMetric``, ``LVISMetric`` and ``CocoPanopticMetric``, MMSegmentation's ``IoUMetric``,
    MMPretrain's ``AveragePrecision`` and this package's of regions and texts, with their subclasses; others are left
    alone.

    Args:
        metrics: Of an evaluator. Their ``compute_metrics`` is wrapped, objects and classes stay as they are.

    Returns:
        list[Summary]: Empty; one is appended whenever a known metric has been computed, in the main process.
    """
    summaries: List[Summary] = []
    for metric in metrics:
        names = (f'{cls.__module__}.{cls.__qualname__}' for cls in type(metric).__mro__)
        known = next((_KNOWN[name] for name in names if name in _KNOWN), None)
        if known is not None:
            metric.compute_metrics = functools.partial(_compute, metric, metric.compute_metrics, known, summaries)
    return summaries


def _compute(metric: Any, compute: Callable, known: Watched, summaries: List[Summary], results: list) -> Dict:
    seen: List[Any] = []
    with ExitStack() as stack:
        for place, name in known.calls:
            stack.enter_context(_seeing(metric if place is None else sys.modules.get(place), name, known.method, seen))
        stack.enter_context(quiet_tables())
        metrics = compute(results)
    if seen:
        prefix = getattr(metric, 'prefix', None)
        summary = Summary(prefix or known.name)
        known.read(summary, metric, seen)
        summary.covers = {f'{prefix}/{name}' if prefix else name for name in metrics if not name.startswith('AR@')}
        summaries.append(summary)
    return metrics


@contextmanager
def _seeing(holder: Any, name: str, method: bool, seen: List[Any]) -> Iterator[None]:
    """Append to ``seen`` what ``holder.name`` returns, or is called on, inside."""
    *outer, name = name.split('.')
    for attribute in outer:
        holder = getattr(holder, attribute, None)
    original, own = getattr(holder, name, None), name in vars(holder) if holder is not None else False
    if original is None:
        yield
        return

    @functools.wraps(original, updated=())
    def recording(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        kept = args[0] if method else result
        seen.append(dict(kept) if isinstance(kept, dict) else kept)  # a copy: IoUMetric empties its own
        return result

    setattr(holder, name, recording)
    try:
        yield
    finally:
        if own:
            setattr(holder, name, original)
        else:
            delattr(holder, name)

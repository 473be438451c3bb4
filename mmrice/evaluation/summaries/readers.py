"""Numbers of what the hosts' metrics compute with: COCO's and LVIS' evaluators, counts of segments and of pixels."""
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from .summary import Numbers, Summary, mean_percent, percent

_AP = ('AP', 'AP50', 'AP75', 'APs', 'APm', 'APl')
_GROUPS = {'all': None, 'things': True, 'stuff': False}


def read_coco(summary: Summary, metric: Any, evaluators: Sequence[Any]) -> None:
    """COCO's twelve numbers, and six of each class.

    Args:
        summary: Filled in place.
        metric: MMDetection's ``CocoMetric``.
        evaluators: The ``COCOeval``, or faster-coco-eval's, of each kind, after summarizing.
    """
    for evaluator in evaluators:
        settings = evaluator.params
        recalls = [f'AR@{number}' for number in settings.maxDets]
        recalls += [f'AR{size}@{settings.maxDets[-1]}' for size in 'sml']
        values = dict(zip((*_AP, *recalls), map(percent, evaluator.stats)))
        if not settings.useCats:  # proposals: only recall means something
            summary.rows['proposal'] = {name: values[name] for name in recalls}
            continue
        summary.rows[settings.iouType] = values
        names = [item['name'] for item in evaluator.cocoGt.loadCats(settings.catIds)]
        precision = evaluator.eval['precision'][..., -1]  # (thresholds, recalls, classes, sizes) at the most detections
        summary.classes[settings.iouType] = _by_class(names, precision, settings.iouThrs)


def read_lvis(summary: Summary, metric: Any, evaluators: Sequence[Any]) -> None:
    """LVIS' numbers, those of rare, common and frequent classes among them, and six of each class with its frequency.

    Args:
        summary: Filled in place.
        metric: MMDetection's ``LVISMetric``.
        evaluators: The ``LVISEval`` of each kind, after summarizing.
    """
    for evaluator in evaluators:
        settings = evaluator.params
        values = {name: percent(value) for name, value in evaluator.results.items()}
        if not settings.use_cats:
            summary.rows['proposal'] = {name: value for name, value in values.items() if name.startswith('AR')}
            continue
        summary.rows[settings.iou_type] = values
        infos = evaluator.lvis_gt.load_cats(settings.cat_ids)
        classes = _by_class([info['name'] for info in infos], evaluator.eval['precision'], settings.iou_thrs)
        for info in infos:
            classes[info['name']]['frequency'] = info['frequency']
        summary.classes[settings.iou_type] = classes


def _by_class(names: Sequence[str], precision: np.ndarray, thresholds: np.ndarray) -> Numbers:
    """AP of each class; ``precision`` has shape (thresholds, recalls, classes, sizes), -1 where there is no object."""
    at = {name: np.isclose(thresholds, value) for name, value in (('AP50', .5), ('AP75', .75))}
    return {name: dict(AP=mean_percent(precision[:, :, place, 0]),
                       **{key: mean_percent(precision[rows, :, place, 0]) for key, rows in at.items()},
                       **{key: mean_percent(precision[:, :, place, size]) for size, key in enumerate(_AP[3:], 1)})
            for place, name in enumerate(names)}


def read_panoptic(summary: Summary, metric: Any, stats: Sequence[Any]) -> None:
    """Panoptic, segmentation and recognition quality of all classes, things and stuff, and of each class.

    Args:
        summary: Filled in place.
        metric: MMDetection's ``CocoPanopticMetric``.
        stats: Its ``PQStat``, complete, at least once.
    """
    counts, categories = stats[-1], metric.categories
    for name, things in _GROUPS.items():
        mean, each = counts.pq_average(categories, isthing=things)
        summary.rows[name] = {**_qualities(mean), 'classes': mean['n']}
        if things is None:
            summary.classes['all'] = {
                info['name']: _qualities(each[category] if _occurs(counts[category]) else None)
                for category, info in categories.items()}


def _occurs(count: Any) -> bool:
    return count.tp + count.fp + count.fn > 0


def _qualities(fractions: Optional[Dict[str, float]]) -> Dict[str, Optional[float]]:
    return {name.upper(): None if fractions is None else 100 * float(fractions[name]) for name in ('pq', 'sq', 'rq')}


def read_pixels(summary: Summary, metric: Any, areas: List[Dict[str, np.ndarray]]) -> None:
    """Mean IoU and accuracy, or whatever else of MMSegmentation's ``IoUMetric`` is asked for, and of each class.

    Args:
        summary: Filled in place.
        metric: The metric.
        areas: {name: fractions of the classes, shape (C,)}, and 'aAcc' of all pixels.
    """
    values = dict(areas[-1])
    accuracy = values.pop('aAcc')
    summary.rows['all'] = {f'm{name}': percent(np.nanmean(each)) for name, each in values.items()}
    summary.rows['all']['aAcc'] = percent(accuracy)
    summary.classes['all'] = {
        label: {name: percent(each[place]) for name, each in values.items()}
        for place, label in enumerate(metric.dataset_meta['classes'])}

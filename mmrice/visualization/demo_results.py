"""The numbers of the demo: gathered from its runs, and as rows of a table."""
import json
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any, Dict, List, Union

from mmrice.utils import UserError
from mmrice.version import __version__

from .scalars import last_values, read_curves

# Task -> (name in the metric files, its most important metric first).
METRICS = {
    'detection': ('coco/', ('bbox_mAP', 'bbox_mAP_50', 'bbox_mAP_75', 'bbox_mAP_s', 'bbox_mAP_m', 'bbox_mAP_l')),
    'segmentation': ('', ('mIoU', 'mAcc', 'aAcc')),
}
TITLES = {'detection': 'Detection, trees', 'segmentation': 'Segmentation, scenes'}
NOTE = ('Trees are real aerial photos. Scenes are a synthetic composition of real pixels: real cut-outs and rendered '
        'words on real photos. Pretraining saw, without labels, the photos of which the validation scenes have '
        'their cut-outs; it saw no photo that trees are validated on. Metrics are in '
        'percent. Both columns are the same run, from RICE weights and from '
        'random weights; each was run once with one seed, on a small validation set.')


def read_metrics(path: Path, task: str) -> Dict[str, Any]:
    """Metrics of one test, in percent rounded to a tenth; None where nothing could be measured.

    Args:
        path: What ``tools/test.py --out`` wrote.
        task: 'detection' (COCO's metrics, stored as fractions, -1 where there is no object of that size) or
            'segmentation' (stored as percent).

    Raises:
        UserError: The file is missing or lacks the task's metrics.
    """
    prefix, names = METRICS[task]
    if not path.is_file():
        raise UserError(f'{path}: no such file. tools/demo.py writes it with tools/test.py ... --out {path}.')
    found = json.loads(path.read_text(encoding='utf-8'))
    metrics = {}
    for name in names:
        if prefix + name not in found:
            raise UserError(f'{path}: has no {prefix + name}. Run tools/test.py again.')
        value = found[prefix + name]
        if task == 'detection':
            value = None if value is None or value < 0 else 100 * value
        metrics[name] = None if value is None else round(value, 1)
    return metrics


def gather(demo_dir: Union[str, Path]) -> Dict[str, Any]:
    """The tasks' metrics from RICE weights and from random ones, and the last values of pretraining.

    Args:
        demo_dir: Holds ``pretrain``, ``<task>_rice`` and ``<task>_random``.

    Returns:
        dict: ``{task: {metric: percent, metric_random_init: percent}, 'pretraining': {...}}``.

    Raises:
        UserError: A run is missing.
    """
    demo_dir = Path(demo_dir)
    results: Dict[str, Any] = {}
    for task in METRICS:
        results[task] = read_metrics(demo_dir / f'{task}_rice' / 'metrics.json', task)
        random = read_metrics(demo_dir / f'{task}_random' / 'metrics.json', task)
        results[task].update({f'{name}_random_init': value for name, value in random.items()})
    results['pretraining'] = last_values(read_curves(demo_dir / 'pretrain'))
    return results


def result_rows(results: Dict[str, Any]) -> List[List[str]]:
    """Rows of task, metric, value from RICE, value from random weights, difference, for what could be measured."""
    rows = []
    for task, (_, names) in METRICS.items():
        for name in names:
            rice, random = results[task][name], results[task][f'{name}_random_init']
            if rice is not None and random is not None:
                rows.append([TITLES[task], name, f'{rice:.1f}', f'{random:.1f}', f'{rice - random:+.1f}'])
    return rows


def environment() -> Dict[str, Any]:
    """Versions and machine that numbers depend on."""
    versions = {'mmrice': __version__}
    for name in ('torch', 'torchvision', 'numpy', 'mmengine', 'mmcv', 'mmdet', 'mmsegmentation', 'mmpretrain',
                 'onedl-mmengine', 'onedl-mmcv', 'onedl-mmdetection', 'onedl-mmsegmentation', 'onedl-mmpretrain'):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {'python': platform.python_version(), 'platform': platform.platform(), 'cpu': _cpu_name(),
            'cores': len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count(),
            'versions': versions}


def _cpu_name() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(':')[2].strip() for line in lines if line.startswith('model name')),
                platform.processor())

"""What ``tools/test.py`` prints and keeps: tables of metrics, numbers of each class, and what was measured."""
import datetime
from pathlib import Path
from typing import Any, Dict, List, Sequence

from mmengine.config import Config

from mmrice.evaluation.summaries import Summary
from mmrice.utils.results.settings import read_settings
from mmrice.utils.results.text import markdown
from mmrice.utils.results.units import percent
from mmrice.version import __version__

from .testing import to_json

_TITLES = {'coco': 'COCO', 'lvis': 'LVIS v1', 'coco_panoptic': 'panoptic quality', 'regions': 'region recognition',
           'coco_true_boxes': 'COCO, true boxes', 'lvis_true_boxes': 'LVIS v1, true boxes',
           'region_retrieval': 'region-text retrieval', 'image_retrieval': 'image-text retrieval',
           'multi-label': 'image tags'}
_SHORT = ('segmentation', )  # metrics whose table of classes is printed unasked


def describe(cfg: Config, config: str, checkpoint: str, meta: Dict[str, Any], num_images: int) -> Dict[str, Any]:
    """What was measured.

    Args:
        cfg: The config of the test.
        config: Its file.
        checkpoint: The checkpoint's file.
        meta: What it says of the training run, from which seed and initial weights come; empty where it says nothing.
        num_images: Samples of the test dataset.

    Returns:
        dict: Flat; None where something is not known.
    """
    dataset = cfg.test_dataloader.dataset
    while 'dataset' in dataset:
        dataset = dataset.dataset
    settings = read_settings(str(meta.get('cfg') or ''))
    seed = meta.get('seed')
    return dict(config=Path(config).stem, config_file=str(config), checkpoint=str(checkpoint),
                work_dir=cfg.work_dir, seed=settings['seed'] if seed is None else seed,
                initial_weights=settings['initial_weights'],
                dataset=dataset.get('type'), data_root=dataset.get('data_root'), ann_file=dataset.get('ann_file'),
                split=dataset.get('split'), num_images=num_images, mmrice=__version__,
                time=datetime.datetime.now().astimezone().isoformat(timespec='seconds'))


def results_json(metrics: Dict[str, Any], summaries: Sequence[Summary], run: Dict[str, Any]) -> Dict[str, Any]:
    """Content of a results file.

    Args:
        metrics: As a test loop returns them; they stay at the top level, in the host's units.
        summaries: Unrounded numbers in per cent.
        run: Of :func:`describe`.

    Returns:
        dict: ``{metric: value, ..., 'summary': {name: rows}, 'per_class': {name: {row: classes}}, 'run': run}``.
    """
    return to_json({**metrics, 'summary': {item.name: item.rows for item in summaries},
                    'per_class': {item.name: item.classes for item in summaries if item.classes}, 'run': run})


def tables(metrics: Dict[str, Any], summaries: Sequence[Summary], classwise: bool = False) -> str:
    """Tables to be read in a terminal or pasted into a page, in per cent.

    Args:
        metrics: As a test loop returns them; those that no summary covers get a table of their own.
        summaries: Of the metrics that were watched.
        classwise: Whether to show each class of detection and panoptic metrics as well.
    """
    blocks: List[str] = []
    for item in summaries:
        title = _TITLES.get(item.name, item.name)
        blocks += [f'{title}, %', markdown([{'': row, **values} for row, values in item.rows.items()])]
        for row, classes in item.classes.items() if classwise or item.name in _SHORT else ():
            blocks += [f'{title}, {row}, each class, %'.replace(', all, each', ', each'),
                       markdown([{'class': name, **values} for name, values in classes.items()])]
    covered = set().union(*(item.covers for item in summaries))
    rest = {name: value for name, value in to_json(metrics).items() if name not in covered}
    if rest:
        rows = [{'metric': name, 'value': _shown(name, value)} for name, value in rest.items()]
        blocks += ['metrics', markdown(rows)]
    return '\n\n'.join(blocks)


def _shown(name: str, value: Any) -> Any:
    in_percent = percent(name, value)
    if in_percent is not None:
        return f'{in_percent:.1f} %'
    return f'{value:.4g}' if isinstance(value, (int, float)) else str(value)

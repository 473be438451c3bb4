"""What is measured, where it is written, and reading it."""
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Sequence

from mmrice.utils import UserError


@dataclass(frozen=True)
class Measure:
    """A number of a run, in per cent; more is better.

    Attributes:
        title: For people.
        probe: Folder of the run in which it is.
        metric: Of results.json.
        scale: By which it becomes per cent.
        dense: Whether the claims about parts of images are judged by it; one of two that come from the same neighbours.
    """
    title: str
    probe: str
    metric: str
    scale: float = 1.
    dense: bool = True


_SCENES = {
    'segmentation': ('linear segmentation, mIoU', 'linear', 'mIoU', 1., True),
    'detection': ('detection, box mAP', 'fcos', 'coco/bbox_mAP', 100., True),
    'recognition': ('kNN of regions, class mean', 'regions', 'regions/mAcc', 1., True),
    'purity': ('neighbours of regions, purity', 'regions', 'regions/purity', 1., False),
    'words': ('kNN of words, top-1', 'words', 'regions/accuracy/top1', 1., False),
    'images': ('kNN of cut-out things, top-1', 'images', 'accuracy/top1', 1., False),
}
TABLES: Dict[str, Dict[str, Measure]] = {
    **{split: {f'{name}-{split}': Measure(title, probe, f'{split}/{metric}', scale, dense)
               for name, (title, probe, metric, scale, dense) in _SCENES.items()} for split in ('unseen', 'seen')},
    'trees': {
        'detection-trees': Measure('detection of trees, box mAP', 'fcos-trees', 'coco/bbox_mAP', 100.),
        'recognition-trees': Measure('kNN of trees against background, class mean', 'regions-trees', 'regions/mAcc'),
    },
}
MEASURES: Dict[str, Measure] = {name: measure for table in TABLES.values() for name, measure in table.items()}
DENSE = [name for name, measure in MEASURES.items() if measure.dense]
SWEPT = ('segmentation-unseen', 'segmentation-seen', 'recognition-unseen', 'recognition-seen')
CHOSEN_BY = 'regions/mAcc'  # on the validation scenes


def read_metric(path: Path, metric: str) -> float:
    """A number of a results file.

    Raises:
        UserError: The file has no such number.
    """
    content = json.loads(path.read_text(encoding='utf-8'))
    if metric not in content:
        raise UserError(f'{path}: has no {metric}. Remove its folder and run again.')
    return float(content[metric])


def read_measure(run: Path, measure: Measure) -> List[float]:
    """A measure of a run in per cent, in a list; empty where it was not measured. No value (-1) counts as 0."""
    path = run / measure.probe / 'results.json'
    return [max(0., read_metric(path, measure.metric)) * measure.scale] if path.is_file() else []


def read_runs(folder: Path, measure: Measure, seeds: Sequence[int]) -> List[float]:
    """A measure of all seeds that have it; runs are ``folder/seed<n>``."""
    return [value for seed in seeds for value in read_measure(folder / f'seed{seed}', measure)]

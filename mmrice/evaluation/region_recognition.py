"""RegionRecognition: top-1, top-5 and class-mean accuracy of true boxes."""
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.fileio import load

from mmrice.registry import METRICS
from mmrice.utils import UserError

from .recognition import count_hits, of_boxes, of_classes, ranks_of_truth

GROUPS = {'r': 'rare', 'c': 'common', 'f': 'frequent'}


@METRICS.register_module()
class RegionRecognition(BaseMetric):
    """Accuracy of region recognition, of boxes and as the mean over classes, see :mod:`.recognition`.

    Needs ``pred_regions`` with ``labels`` (K,) and ``scores`` (K, C) of true boxes, as :class:`mmrice.RegionRecognizer`
    gives them. Reported in per cent, under ``regions/``:

    - ``accuracy/top1``, ``accuracy/top5``: of all boxes;
    - ``mAcc``, ``mAcc_top5``: mean over the classes that occur;
    - ``mAcc_r``, ``mAcc_c``, ``mAcc_f``: the same of LVIS' rare, common and frequent classes, with ``ann_file``.

    Args:
        ann_file (str, optional): An LVIS json, whose categories have a ``frequency``. Defaults to None.
        collect_device (str): See mmengine's ``BaseMetric``. Defaults to 'cpu'.
        prefix (str, optional): Instead of 'regions'. Defaults to None.

    Raises:
        UserError: The file cannot be read, or its categories have no frequency.
    """
    default_prefix = 'regions'

    def __init__(self, ann_file: Optional[str] = None, collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device, prefix)
        self.frequencies = {} if ann_file is None else read_frequencies(ann_file)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep rank and class of the boxes of some images."""
        for sample in data_samples:
            if 'pred_regions' not in sample:
                raise UserError('RegionRecognition: the model gives no pred_regions. It measures a '
                                'mmrice.RegionRecognizer.')
            scores, labels = (torch.as_tensor(sample['pred_regions'][key]) for key in ('scores', 'labels'))
            self.results.append(torch.stack([ranks_of_truth(scores, labels).cpu(), labels.cpu()]).numpy())

    def compute_metrics(self, results: List[np.ndarray]) -> Dict[str, float]:
        """Compute the numbers from ranks and classes of each image, shape (2, K).

        Raises:
            UserError: There is no box in any image.
        """
        ranks, labels = np.concatenate(results, axis=1)
        if not len(ranks):
            raise UserError('RegionRecognition: no image has a box that is to be recognised.')
        hits = count_hits(ranks, labels, len(self.dataset_meta['classes']))
        boxes, classes = of_boxes(hits), of_classes(hits)
        metrics = {'accuracy/top1': boxes['top-1'], 'accuracy/top5': boxes['top-5'], 'mAcc': classes['top-1'],
                   'mAcc_top5': classes['top-5']}
        for letter, members in self.groups().items():
            metrics[f'mAcc_{letter}'] = of_classes(hits, members)['top-1']
        return metrics

    def groups(self) -> Dict[str, List[int]]:
        """{letter of a frequency: its classes}, empty without ``ann_file``.

        Raises:
            UserError: A class of the dataset is none of the file's.
        """
        if not self.frequencies:
            return {}
        classes = self.dataset_meta['classes']
        unknown = [name for name in classes if name not in self.frequencies]
        if unknown:
            raise UserError(f'RegionRecognition: {unknown[0]!r} is a class of the dataset, but no category of '
                            'ann_file.')
        return {letter: [place for place, name in enumerate(classes) if self.frequencies[name] == letter]
                for letter in GROUPS}


def read_frequencies(ann_file: str) -> Dict[str, str]:
    """{name of a category: 'r', 'c' or 'f'} of an LVIS json.

    Raises:
        UserError: The file cannot be read or says no frequencies.
    """
    try:
        frequencies = {category['name']: category['frequency'] for category in load(ann_file)['categories']}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f'{ann_file}: no json whose categories have a name and a frequency ({error!r}). Expected one '
                        'of LVIS v1; leave ann_file out for other datasets.') from error
    wrong = set(frequencies.values()) - set(GROUPS)
    if wrong:
        raise UserError(f'{ann_file}: frequency {sorted(map(str, wrong))[0]!r}, expected r, c or f.')
    return frequencies

"""BoxAccuracy: whether the box found for a text is the right one."""
from typing import Any, Dict, List, Optional, Sequence

import torch
from mmengine.evaluator import BaseMetric
from torch import Tensor

from mmrice.registry import METRICS
from mmrice.utils import UserError


def paired_iou(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union of each box with its partner; a box without area has 0.

    Args:
        first, second: xyxy, shape (N, 4).

    Returns:
        Tensor: 0 to 1, float64, shape (N,).
    """
    first, second = first.double(), second.double()
    sides = torch.minimum(first[:, 2:], second[:, 2:]) - torch.maximum(first[:, :2], second[:, :2])
    shared = sides.clamp(min=0).prod(dim=1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(dim=1) for boxes in (first, second)]
    return torch.where(shared > 0, shared / (areas[0] + areas[1] - shared), 0.)


@METRICS.register_module()
class BoxAccuracy(BaseMetric):
    """Share of the texts whose box overlaps the true one enough: the accuracy at IoU 0.5 of RefCOCO.

    Needs ``pred_instances`` and ``gt_instances`` with one box a text each, in order, as
    :class:`mmrice.RegionTextMatcher` gives them with ``grounds=True``. Where a phrase is true of several boxes of its
    image, only the annotated one counts.

    Reported in per cent: ``grounding/Acc@0.5`` and ``grounding/mIoU``, the mean IoU.

    Args:
        thresholds (Sequence[float]): IoU that is enough. Defaults to (0.5, ).
        collect_device (str): See mmengine's ``BaseMetric``. Defaults to 'cpu'.
        prefix (str, optional): Instead of 'grounding'. Defaults to None.
    """
    default_prefix = 'grounding'

    def __init__(self, thresholds: Sequence[float] = (0.5, ), collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device, prefix)
        self.thresholds = tuple(thresholds)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the IoU of the boxes of some images.

        Raises:
            UserError: Boxes found are not as many as true ones.
        """
        for sample in data_samples:
            found, true = ((sample.get(key) or {}).get('bboxes', ()) for key in ('pred_instances', 'gt_instances'))
            if len(found) != len(true):
                raise UserError(f'{sample.get("img_path", "an image")}: {len(found)} boxes found for {len(true)} '
                                'texts. BoxAccuracy measures a mmrice.RegionTextMatcher with grounds=True.')
            self.results.append(paired_iou(found.cpu(), true.cpu()) if len(true) else torch.empty(0))

    def compute_metrics(self, results: List[Tensor]) -> Dict[str, float]:
        """Compute the numbers from the IoU of each text.

        Raises:
            UserError: There is no text.
        """
        ious = torch.cat(results)
        if not len(ious):
            raise UserError('BoxAccuracy: no image has a text whose box is known.')
        accuracies = {f'Acc@{threshold}': 100 * float((ious >= threshold).double().mean())
                      for threshold in self.thresholds}
        return {**accuracies, 'mIoU': 100 * float(ious.mean())}

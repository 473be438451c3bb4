"""NeighbourPurity: how many of a region's nearest neighbours are of its class, and whether their vote is."""
from typing import Any, Dict, List, Sequence

import numpy as np
import torch

from mmrice.registry import METRICS
from mmrice.utils import UserError

from .region_recognition import RegionRecognition


@METRICS.register_module()
class NeighbourPurity(RegionRecognition):
    """Share of the k nearest regions of a bank that have the class of the box, beside the accuracies of their vote.

    Needs ``pred_regions`` with ``neighbours`` (K, k) beside what :class:`mmrice.RegionRecognition` needs, as
    :class:`mmrice.RegionKNN` gives them. Reports, in per cent, under ``regions/``, what that class does, and

    - ``purity``: mean over the classes that occur;
    - ``purity_boxes``: of all boxes.

    Args:
        **kwargs: See :class:`mmrice.RegionRecognition`.
    """

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep rank, class and share of the boxes of some images.

        Raises:
            UserError: The model gives no neighbours.
        """
        for sample in data_samples:
            if 'neighbours' not in sample.get('pred_regions', ()):
                raise UserError('NeighbourPurity: the model gives no neighbours. It measures a mmrice.RegionKNN.')
            super().process(data_batch, [sample])
            labels, neighbours = (torch.as_tensor(sample['pred_regions'][key]) for key in ('labels', 'neighbours'))
            shares = (neighbours == labels[:, None]).double().mean(dim=1)
            self.results[-1] = np.concatenate([self.results[-1], shares[None].cpu().numpy()])

    def compute_metrics(self, results: List[np.ndarray]) -> Dict[str, float]:
        """Compute the numbers from ranks, classes and shares of each image, shape (3, K).

        Raises:
            UserError: There is no box in any image.
        """
        metrics = super().compute_metrics([rows[:2].astype(np.int64) for rows in results])
        _, labels, shares = np.concatenate(results, axis=1)
        means = [shares[labels == label].mean() for label in np.unique(labels)]
        return {**metrics, 'purity': 100 * float(np.mean(means)), 'purity_boxes': 100 * float(shares.mean())}

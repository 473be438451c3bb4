"""KNNClassifier: the weighted kNN probe."""
from typing import Any, List

import torch
from mmpretrain.structures import DataSample
from torch import Tensor

from mmrice.evaluation.neighbours import nearest, vote
from mmrice.registry import MODELS
from mmrice.utils import UserError

from .base import BankModel


@MODELS.register_module()
class KNNClassifier(BankModel):
    """Weighted k-nearest-neighbour classification on frozen features: the kNN tables of DINO and UNICOM.

    Exact: each image is compared with the whole bank, see :mod:`mmrice.evaluation.neighbours`. ``pred_score`` sums to 1
    and is 0 for classes without a neighbour, which MMPretrain's ``Accuracy`` never counts as right, in the first five
    either.

    Args:
        backbone (dict): See :class:`.base.BankModel`.
        prototype (dict): Loader of the labelled bank: the training images, prepared as those of the test.
        num_classes (int): Number of classes.
        k (int): Neighbours that vote. Defaults to 20, DINO's choice.
        temperature (float): Of the weights, exp(cosine / temperature). Defaults to 0.07, DINO's choice.
        **kwargs: ``out_type``, ``bank_dtype`` and others of :class:`.base.BankModel`.

    Raises:
        UserError: ``k`` or ``temperature`` is not above 0, or a label of the bank is not a class.
    """

    def __init__(self, backbone: dict, prototype: dict, num_classes: int, k: int = 20, temperature: float = 0.07,
                 **kwargs: Any) -> None:
        super().__init__(backbone, prototype, **kwargs)
        if k < 1 or temperature <= 0:
            raise UserError(f'KNNClassifier: k={k} and temperature={temperature} must be above 0.')
        self.num_classes, self.k, self.temperature = num_classes, k, temperature

    def prepare_prototype(self) -> None:
        """Compute the bank."""
        super().prepare_prototype()
        low, high = self.bank.labels.min().item(), self.bank.labels.max().item()
        if low < 0 or high >= self.num_classes:
            raise UserError(f'KNNClassifier: the labels of model.prototype run from {low} to {high} (-1: none), '
                            f'expected 0 to {self.num_classes - 1}. Check model.num_classes and the data set.')

    def match(self, features_BC: Tensor, samples: List[DataSample]) -> List[DataSample]:
        """Set ``pred_score`` and ``pred_label``."""
        with torch.autocast(features_BC.device.type, enabled=False):
            cosines, rows = nearest(features_BC, self.bank.features, self.k)
        scores = vote(cosines, self.bank.labels[rows], self.num_classes, self.temperature)
        for sample, score in zip(samples, scores):
            sample.set_pred_score(score).set_pred_label(score.argmax().view(1))
        return samples

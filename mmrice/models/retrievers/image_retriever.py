"""ImageRetriever: which images of a gallery are most like a query."""
from typing import Any, List

import torch
from mmpretrain.structures import DataSample
from torch import Tensor

from mmrice.registry import MODELS

from .base import BankModel


@MODELS.register_module()
class ImageRetriever(BankModel):
    """Image retrieval by cosine on frozen features, for MMPretrain's ``RetrievalRecall`` and its like.

    MMPretrain's own ``ImageToImageRetriever`` forms a tensor of queries x gallery x channels, and has no leave-one-out.

    Args:
        backbone (dict): See :class:`.base.BankModel`.
        prototype (dict): Loader of the gallery.
        leave_one_out (bool): The queries are the gallery (CUB, Stanford Online Products): an image does not find
            itself, and what has its class is right. False: a query's ``gt_label`` are the gallery's images that are
            right, as MMPretrain's ``InShop`` has them. Defaults to False.
        **kwargs: ``out_type``, ``bank_dtype`` and others of :class:`.base.BankModel`.
    """

    def __init__(self, backbone: dict, prototype: dict, leave_one_out: bool = False, **kwargs: Any) -> None:
        super().__init__(backbone, prototype, **kwargs)
        self.leave_one_out = leave_one_out

    def match(self, features_BC: Tensor, samples: List[DataSample]) -> List[DataSample]:
        """Set ``pred_score``, cosines with the N images of the gallery; with leave-one-out ``gt_score`` as well."""
        with torch.autocast(features_BC.device.type, enabled=False):
            scores_BN = features_BC @ self.bank.features.float().T
        for sample, score in zip(samples, scores_BN):
            if self.leave_one_out:
                right = (self.bank.labels == sample.gt_label.to(self.bank.labels.device)).float()
                right[sample.sample_idx], score[sample.sample_idx] = 0., -torch.inf
                sample.set_gt_score(right)
            sample.set_pred_score(score).set_pred_label(score.argmax().view(1))
        return samples

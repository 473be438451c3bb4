"""What the cluster discrimination pretrainers have in common."""
from typing import List, Optional

import torch
import torch.nn.functional as F
from mmpretrain.models.selfsup.base import BaseSelfSupervisor
from torch import Tensor

from mmrice.parallel import leave_out_of_ddp


class ClusterPretrainer(BaseSelfSupervisor):
    """Backbone, neck, and a head that discriminates embeddings against class centres.

    Args:
        backbone (dict): A :class:`mmrice.RICEViT`.
        neck (dict): Makes the embeddings out of its output.
        head (dict): A :class:`mmrice.ClusterDiscriminationHead`.
        data_preprocessor (dict, optional): Defaults to mmengine's ``ImgDataPreprocessor``, which normalises, pads and
            stacks; boxes stay valid since padding is at the right and the bottom.
        init_cfg (dict, optional): Weights to load. Defaults to None.
    """

    def __init__(self,
                 backbone: dict,
                 neck: dict,
                 head: dict,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        data_preprocessor = {'type': 'mmengine.ImgDataPreprocessor', **(data_preprocessor or {})}
        super().__init__(backbone, neck, head, data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        leave_out_of_ddp(self)


def pad_labels(labels: List[Tensor]) -> Tensor:
    """Stack label sets of different sizes.

    Args:
        labels: Class indices, int64, shapes (K_i, P_i).

    Returns:
        Tensor: shape (sum of K_i, largest P_i), padded with -1.
    """
    most = max(each.size(1) for each in labels)
    return torch.cat([F.pad(each, (0, most - each.size(1)), value=-1) for each in labels])

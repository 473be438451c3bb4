"""What the cluster discrimination pretrainers have in common."""
from typing import List, NamedTuple, Optional, Sequence

import torch
import torch.nn.functional as F
from mmpretrain.models.selfsup.base import BaseSelfSupervisor
from torch import Tensor

from mmrice.parallel import leave_out_of_ddp
from mmrice.structures import KINDS, RegionDataSample


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


class Regions(NamedTuple):
    """R regions of a batch, ordered by image.

    Attributes:
        boxes: Of each image, xyxy in pixels, shape (K_i, 4).
        kinds: Indices into :data:`mmrice.structures.KINDS`, shape (R,).
        labels: Padded with -1, shape (R, P).
        places: Which of all regions of the batch each is, shape (R,).
        images: Number of the image of each, shape (R,).
    """
    boxes: List[Tensor]
    kinds: Tensor
    labels: Tensor
    places: Tensor
    images: Tensor

    @property
    def counts(self) -> List[int]:
        """Regions of each image."""
        return [len(own) for own in self.boxes]


def gather_regions(data_samples: List[RegionDataSample], kinds: Optional[Sequence[str]] = None) -> Regions:
    """The regions of some kinds, in their order.

    Args:
        data_samples: Of the batch.
        kinds: Of :data:`mmrice.structures.KINDS`. Defaults to None: all.
    """
    samples = [sample.gt_regions for sample in data_samples]
    found = torch.cat([own.kinds for own in samples])
    device, counts = found.device, [len(own.kinds) for own in samples]
    images = torch.arange(len(samples), device=device).repeat_interleave(
        torch.tensor(counts, device=device), output_size=len(found))
    places = torch.arange(len(found), device=device)
    if kinds is not None:  # once for the batch: each choice waits for the device
        wanted = torch.tensor([KINDS.index(kind) for kind in kinds], device=device)
        places = places[torch.isin(found, wanted)]
        counts = images[places].bincount(minlength=len(samples)).tolist()
    boxes, labels = torch.cat([own.bboxes for own in samples]), pad_labels([own.labels for own in samples])
    return Regions(list(boxes[places].split(counts)), found[places], labels[places], places, images[places])

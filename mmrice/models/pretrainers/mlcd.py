"""MLCD: image-level cluster discrimination, the baseline of RICE (wiring)."""
from typing import Dict, List, Tuple

import torch
from torch import Tensor

from mmrice.registry import MODELS
from mmrice.structures import KINDS
from mmrice.utils.errors import UserError

from .base import ClusterPretrainer, pad_labels

_IMAGE = KINDS.index('image')


@MODELS.register_module()
class MLCD(ClusterPretrainer):
    """Pretrain a backbone by discriminating whole images: UNICOM with one label an image, MLCD with several.

    The normalised class token, projected, is compared with the centres of the image's clusters and of sampled others:
    the l nearest clusters are its labels (MLCD, ECCV 2024: l = 8 of a million), or the nearest one (UNICOM, ICLR 2023).
    The loss is RICE's for many labels, which for one label is that for one.

    Labels come from region shards, one region of kind 'image' an image, or from the ``gt_label`` of any dataset of
    MMPretrain.

    Args:
        backbone (dict): A :class:`mmrice.RICEViT` with ``out_type='cls_token'``, or another that returns (B, C) last.
        neck (dict): MMPretrain's ``LinearNeck``, or another from a tuple of (B, C) to a tuple of (B, D).
        head (dict): A :class:`mmrice.ClusterDiscriminationHead` with ``image``.
        data_preprocessor, init_cfg (dict, optional): See :class:`~.base.ClusterPretrainer`.

    Raises:
        UserError: The head has no table of image clusters.
    """

    def __init__(self, backbone: dict, neck: dict, head: dict, *args, **kwargs) -> None:
        super().__init__(backbone, neck, head, *args, **kwargs)
        if 'image' not in getattr(self.head, 'centers', ['image']):
            raise UserError('MLCD: model.head has no table for whole images. Give it image=dict(num_classes=...).')

    def embed(self, inputs: Tensor) -> Tensor:
        """Embed images, (B, 3, H, W) to (B, D)."""
        return self.neck(self.backbone(inputs))[-1]

    def loss(self, inputs: Tensor, data_samples: List) -> Dict[str, Tensor]:
        """Losses of a batch.

        Args:
            inputs: Normalised images, shape (B, 3, H, W).
            data_samples: Labels of each image: :class:`RegionDataSample` or MMPretrain's ``DataSample``.

        Returns:
            dict: See :meth:`ClusterDiscriminationHead.loss`.

        Raises:
            UserError: An image has not one region of kind 'image', or no ``gt_label``.
        """
        kinds, labels = self.gather_labels(data_samples)
        return self.head.loss(self.embed(inputs), kinds, labels)

    @staticmethod
    def gather_labels(data_samples: List) -> Tuple[Tensor, Tensor]:
        """Kinds (B,) and labels (B, P), padded with -1, of the images."""
        if 'gt_regions' in data_samples[0]:
            regions = [sample.gt_regions for sample in data_samples]
            kinds = torch.cat([region.kinds for region in regions])
            if any(len(region) != 1 for region in regions) or (kinds != _IMAGE).any():
                raise UserError("MLCD: expected one region of kind 'image' for each image. Set kinds=['image'] in the "
                                'dataset, and build such shards with mmrice.WholeImageProposer.')
            return kinds, pad_labels([region.labels for region in regions])
        if any('gt_label' not in sample for sample in data_samples):
            raise UserError('MLCD: an image has neither gt_regions nor gt_label. Use a mmrice.RegionShardDataset with '
                            "kinds=['image'], or a dataset of MMPretrain with labels.")
        labels = pad_labels([sample.gt_label.reshape(1, -1) for sample in data_samples])
        return torch.full((len(labels), ), _IMAGE, device=labels.device), labels

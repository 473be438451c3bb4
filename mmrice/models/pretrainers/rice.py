"""RICE: region-based cluster discrimination (wiring)."""
from typing import Dict, List

from torch import Tensor

from mmrice.registry import MODELS
from mmrice.structures import RegionDataSample

from .base import ClusterPretrainer, gather_regions


@MODELS.register_module()
class RICE(ClusterPretrainer):
    """Pretrain a backbone by discriminating the regions of each image (RICE, ICCV 2025).

    The image is encoded once; the neck turns each box into an embedding; the head discriminates it against object
    clusters or OCR tokens.

    Args:
        backbone (dict): A :class:`mmrice.RICEViT` with ``out_type='raw'``.
        neck (dict): A :class:`mmrice.RegionTransformer`.
        head (dict): A :class:`mmrice.ClusterDiscriminationHead` with ``object``, ``ocr`` or both.
        data_preprocessor, init_cfg (dict, optional): See :class:`~.base.ClusterPretrainer`.
    """

    gather_regions = staticmethod(gather_regions)

    def extract_regions(self, inputs: Tensor, boxes: List[Tensor]) -> Tensor:
        """Embed regions: images (B, 3, H, W) and per-image boxes (K_i, 4), xyxy in pixels, to (sum of K_i, D)."""
        tokens = self.backbone(inputs)[-1]
        grid = tuple(side // self.backbone.patch_size for side in inputs.shape[-2:])
        return self.neck(tokens, grid, boxes)

    def loss(self, inputs: Tensor, data_samples: List[RegionDataSample]) -> Dict[str, Tensor]:
        """Losses of a batch.

        Args:
            inputs: Normalised images, shape (B, 3, H, W).
            data_samples: Regions of each image.

        Returns:
            dict: See :meth:`ClusterDiscriminationHead.loss`.
        """
        regions = gather_regions(data_samples)
        return self.head.loss(self.extract_regions(inputs, regions.boxes), regions.kinds, regions.labels)

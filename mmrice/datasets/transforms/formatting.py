"""Pack a sample for the model."""
from typing import Sequence

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform

from mmrice.registry import TRANSFORMS

from ..packing import pack_sample


@TRANSFORMS.register_module()
class PackRegionInputs(BaseTransform):
    """Pack image and regions into ``inputs`` (uint8, (3, H, W)) and a :class:`RegionDataSample`.

    Args:
        meta_keys (Sequence[str]): Keys kept as meta information, where present.
    """

    def __init__(self,
                 meta_keys: Sequence[str] = ('key', 'sample_idx', 'img_path', 'ori_shape', 'img_shape',
                                             'flip')) -> None:
        self.meta_keys = meta_keys

    def transform(self, results: dict) -> dict:
        planes = np.empty((3, *results['img'].shape[:2]), np.uint8)
        cv2.split(results['img'], [planes[0], planes[1], planes[2]])  # a seventh of the time of transposing
        sample = pack_sample(
            torch.as_tensor(results['gt_bboxes'], dtype=torch.float32),
            torch.as_tensor(results['gt_kinds'], dtype=torch.int64),
            torch.as_tensor(results['gt_region_labels'], dtype=torch.int64),
            {key: results[key] for key in self.meta_keys if key in results})
        return dict(inputs=torch.from_numpy(planes), data_samples=sample)

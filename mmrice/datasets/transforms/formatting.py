"""Pack a sample for the model."""
from typing import Sequence

import torch
from mmcv.transforms import BaseTransform, to_tensor
from mmengine.structures import InstanceData

from mmrice.registry import TRANSFORMS
from mmrice.structures import RegionDataSample


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
        image = to_tensor(results['img'].transpose(2, 0, 1).copy())
        sample = RegionDataSample(metainfo={key: results[key] for key in self.meta_keys if key in results})
        sample.gt_regions = InstanceData(
            bboxes=torch.as_tensor(results['gt_bboxes'], dtype=torch.float32),
            kinds=torch.as_tensor(results['gt_kinds'], dtype=torch.int64),
            labels=torch.as_tensor(results['gt_region_labels'], dtype=torch.int64))
        return dict(inputs=image, data_samples=sample)

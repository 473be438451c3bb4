"""Make a RegionDataSample."""
from typing import Any, Dict

from mmengine.structures import InstanceData
from torch import Tensor

from mmrice.structures import RegionDataSample


def pack_sample(boxes: Tensor, kinds: Tensor, labels: Tensor, meta: Dict[str, Any]) -> RegionDataSample:
    """A data sample that refers to these tensors and values.

    Field by field, since mmengine's constructors copy meta information deeply and compare lengths, which takes five
    times as long.

    Args:
        boxes: xyxy in pixels of the image at hand, float32, (K, 4).
        kinds: int64, (K,).
        labels: int64, (K, P), padded with -1.
        meta: Meta information.
    """
    regions, sample = InstanceData(), RegionDataSample()
    for name, value in (('bboxes', boxes), ('kinds', kinds), ('labels', labels)):
        regions.set_field(value, name)
    for name, value in meta.items():
        sample.set_field(value, name, field_type='metainfo')
    sample.gt_regions = regions
    return sample

"""Make a RegionDataSample."""
from typing import Any, Dict

from mmengine.structures import InstanceData
from torch import Tensor

from mmrice.structures import RegionDataSample


def pack_sample(boxes: Tensor, kinds: Tensor, labels: Tensor, meta: Dict[str, Any]) -> RegionDataSample:
    """A data sample that refers to these tensors and values.

    It is put together as unpickling does it: the constructors copy meta information deeply, check each field and
    compare lengths, which takes ten times as long, in the worker and again in the process that trains.

    Args:
        boxes: xyxy in pixels of the image at hand, float32, (K, 4).
        kinds: int64, (K,).
        labels: int64, (K, P), padded with -1.
        meta: Meta information.
    """
    regions = InstanceData.__new__(InstanceData)
    regions.__dict__.update(_metainfo_fields=set(), _data_fields={'bboxes', 'kinds', 'labels'}, bboxes=boxes,
                            kinds=kinds, labels=labels)
    sample = RegionDataSample.__new__(RegionDataSample)
    sample.__dict__.update(meta, _metainfo_fields=set(meta), _data_fields={'gt_regions', '_gt_regions'},
                           _gt_regions=regions)
    return sample

"""region_collate: a batch that travels from a data worker in one tensor, whatever the number of images."""
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
import torch
from torch.utils.data import default_collate

from mmrice.registry import FUNCTIONS
from mmrice.structures import RegionDataSample

from .packing import pack_sample


class RegionSamples(list):
    """A list of :class:`RegionDataSample` that is pickled as three small arrays: no tensor of theirs is shared."""

    def __reduce__(self) -> Tuple[Any, ...]:
        """A plain list of data samples on the other side, whose tensors are views of three."""
        regions = [sample.gt_regions for sample in self]
        counts, widths = [len(region.kinds) for region in regions], [region.labels.shape[1] for region in regions]
        labels = torch.full((sum(counts), max(widths)), -1, dtype=torch.int64)
        for region, rows, width in zip(regions, labels.split(counts), widths):
            rows[:, :width] = region.labels
        boxes, kinds = (torch.cat([getattr(region, field) for region in regions]) for field in ('bboxes', 'kinds'))
        return _unpack, (boxes.numpy(), kinds.numpy(), labels.numpy(), counts, widths,
                         [sample.metainfo for sample in self])


def _unpack(boxes: np.ndarray, kinds: np.ndarray, labels: np.ndarray, counts: List[int], widths: List[int],
            metas: List[Dict[str, Any]]) -> List[RegionDataSample]:
    fields = [torch.from_numpy(array).split(counts) for array in (boxes, kinds, labels)]
    return [pack_sample(own_boxes, own_kinds, own_labels[:, :width], meta)
            for own_boxes, own_kinds, own_labels, width, meta in zip(*fields, widths, metas)]


@FUNCTIONS.register_module()
def region_collate(batch: Sequence[dict]) -> Dict[str, Any]:
    """Batch what PackRegionInputs made.

    A worker shares one tensor of pixels with the process that trains. With mmengine's ``pseudo_collate`` it shares four
    for every image, each an open file, of which a large batch runs out.

    Args:
        batch: Samples with ``inputs``, uint8, (3, H, W), and ``data_samples``.

    Returns:
        dict: ``inputs``, uint8, (B, 3, H, W), or a list where the sizes differ, and ``data_samples``, a list.
    """
    images = [sample['inputs'] for sample in batch]
    if all(image.shape == images[0].shape for image in images):
        images = default_collate(images)
    return dict(inputs=images, data_samples=RegionSamples(sample['data_samples'] for sample in batch))

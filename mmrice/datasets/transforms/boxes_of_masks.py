"""BoxesOfMasks: boxes where a dataset has masks alone."""
from mmcv.transforms import BaseTransform

from mmrice.registry import TRANSFORMS


@TRANSFORMS.register_module()
class BoxesOfMasks(BaseTransform):
    """Replace MMDetection's ``gt_masks`` by the boxes that just surround them, to the pixel.

    For its ``RefCocoDataset``, behind ``LoadAnnotations(with_mask=True, with_bbox=False, with_label=False)``.
    """

    def transform(self, results: dict) -> dict:
        """Take the boxes."""
        results['gt_bboxes'] = results.pop('gt_masks').get_bboxes('hbox')
        return results

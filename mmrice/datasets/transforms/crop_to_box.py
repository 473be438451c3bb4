"""CropToBox: an object instead of its image."""
from mmcv.transforms import BaseTransform

from mmrice.registry import TRANSFORMS


@TRANSFORMS.register_module()
class CropToBox(BaseTransform):
    """Cut ``img`` to ``box`` (xyxy in pixels), which :class:`mmrice.ObjectCrops` gives; then forget the box.

    The box is widened to whole pixels, cut at the image's edges, and at least one pixel in size. ``img_shape`` follows.
    """

    def transform(self, results: dict) -> dict:
        """Cut one image."""
        height, width = results['img'].shape[:2]
        x1, y1, x2, y2 = results.pop('box')
        left, top = min(max(int(x1), 0), width - 1), min(max(int(y1), 0), height - 1)
        right, bottom = max(min(-int(-x2 // 1), width), left + 1), max(min(-int(-y2 // 1), height), top + 1)
        results['img'] = results['img'][top:bottom, left:right].copy()
        results['img_shape'] = results['img'].shape[:2]
        return results

"""Letterbox: the images of RegionLetterbox in the test pipelines of the hosts."""
from typing import Tuple, Union

import mmcv
from mmcv.transforms import BaseTransform

from mmrice.registry import TRANSFORMS
from mmrice.utils import UserError


@TRANSFORMS.register_module()
class Letterbox(BaseTransform):
    """Fit the whole image into a frame with its aspect ratio kept, in the middle; the rest is one colour.

    The pixels are those that :class:`mmrice.RegionLetterbox` gives in pretraining; boxes stay as they are, in pixels of
    the stored image, so ``LoadAnnotations`` may only follow. Adds ``scale_factor`` (x, y) and ``pad_offset``, where the
    image's upper left corner is (x, y), in pixels; both belong into ``meta_keys``.

    Args:
        scale (int | tuple[int, int]): Width and height of the frame in pixels.
        pad_val (int): Grey level of the rest. Defaults to 114.
    """

    def __init__(self, scale: Union[int, Tuple[int, int]], pad_val: int = 114) -> None:
        self.scale = (scale, scale) if isinstance(scale, int) else (int(scale[0]), int(scale[1]))
        if min(self.scale) < 1:
            raise UserError(f'Letterbox: scale={scale}, expected a width and a height of 1 pixel or more.')
        self.pad_val = pad_val

    def transform(self, results: dict) -> dict:
        """Resize and pad one image."""
        if 'gt_bboxes' in results:
            raise UserError('Letterbox: moves no boxes. Put LoadAnnotations behind it.')
        height, width = results['img'].shape[:2]
        ratio = min(self.scale[0] / width, self.scale[1] / height)
        size = tuple(min(frame, max(1, round(side * ratio))) for side, frame in zip((width, height), self.scale))
        left, top = (self.scale[0] - size[0]) // 2, (self.scale[1] - size[1]) // 2
        image = mmcv.imresize(results['img'], size)
        padding = (left, top, self.scale[0] - size[0] - left, self.scale[1] - size[1] - top)
        results['img'] = mmcv.impad(image, padding=padding, pad_val=(self.pad_val, ) * 3)
        results['img_shape'] = results['img'].shape[:2]
        results['scale_factor'] = (size[0] / width, size[1] / height)
        results['pad_offset'] = (left, top)
        return results

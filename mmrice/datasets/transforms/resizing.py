"""Transforms that give an image its size: random crop, plain resize, letterbox. All move the boxes with the pixels."""
import math
import random
from typing import Dict, Optional, Sequence, Tuple

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform

from mmrice.registry import TRANSFORMS
from mmrice.structures import KINDS
from mmrice.utils import UserError

from .decoding import Crop, cut, widened
from .select import select_regions, skip_sample

_ANY = [0.] * len(KINDS)
_OUTSIDE = 'has no region inside the image'

Boxes = Dict[int, Tuple[float, float, float, float]]


class _Resizing(BaseTransform):
    """Base of the transforms below.

    Args:
        scale: Width and height of the result in pixels.
    """
    decodes = True  # takes ``jpeg`` in place of ``img``

    def __init__(self, scale: Tuple[int, int]) -> None:
        self.scale = (int(scale[0]), int(scale[1]))
        if min(self.scale) < 1:
            raise UserError(f'{type(self).__name__}: scale={scale}, expected a width and a height of 1 pixel or more.')

    def _place(self, results: dict, crop: Crop, boxes: Boxes, size: Tuple[int, int],
               offset: Tuple[int, int] = (0, 0)) -> Optional[dict]:
        """Replace the image by a crop of it and the regions by those of ``boxes``, see :func:`place_boxes`.

        ``placement`` keeps crop, size and offset, for what follows the boxes later (:class:`.PatchMasks`).

        Raises:
            UserError: There are masks, and the image has been placed or flipped already.
        """
        if 'gt_rles' in results and ('placement' in results or results.get('flip')):
            raise UserError(f'{type(self).__name__}: masks follow one crop or resize, and a flip behind it. Leave the '
                            'other one out, or put RandomRegionFlip behind.')
        image = cut(results, crop, size)
        if image is None:
            return skip_sample(results, 'cannot be decoded')
        results.pop('jpeg', None)
        if len(boxes) < len(results['gt_bboxes']):
            select_regions(results, np.array(list(boxes)))
        results['gt_bboxes'] = np.array(list(boxes.values()), dtype=np.float32)
        results['img'], results['img_shape'] = image, image.shape[:2]
        results['placement'] = (crop, size, offset)
        return results

    def _place_whole(self, results: dict, size: Tuple[int, int], offset: Tuple[int, int] = (0, 0)) -> Optional[dict]:
        """The same with the whole image; regions outside it are dropped."""
        height, width = results['img_shape'][:2]
        crop = (0, 0, width, height)
        boxes = place_boxes(results, crop, size, _ANY, offset)
        return self._place(results, crop, boxes, size, offset) if boxes else skip_sample(results, _OUTSIDE)


def place_boxes(results: dict, crop: Crop, size: Tuple[int, int], needed: Sequence[float],
                offset: Tuple[int, int] = (0, 0)) -> Boxes:
    """Clip the boxes to a crop and move them to where they are when the crop has been resized.

    In plain Python: an image has a few boxes, for which twenty calls of NumPy take five times as long.

    Args:
        results: With ``gt_bboxes`` and ``gt_kinds`` of K regions.
        crop: xyxy in pixels.
        size: Its new width and height in pixels.
        needed: Share of a box's area that must be in the crop, for each kind.
        offset: Where the crop's upper left corner will be, in pixels.

    Returns:
        dict: {index: x1, y1, x2, y2} of the regions that have enough of their area in the crop.
    """
    left, top, right, bottom = crop
    scale_x, scale_y = size[0] / (right - left), size[1] / (bottom - top)
    shift_x, shift_y = offset
    placed = {}
    for number, ((x1, y1, x2, y2), kind) in enumerate(zip(results['gt_bboxes'].tolist(), results['gt_kinds'].tolist())):
        area = (x2 - x1) * (y2 - y1) * needed[kind]
        x1, y1, x2, y2 = max(x1, left), max(y1, top), min(x2, right), min(y2, bottom)
        if x2 > x1 and y2 > y1 and (x2 - x1) * (y2 - y1) >= area:
            placed[number] = ((x1 - left) * scale_x + shift_x, (y1 - top) * scale_y + shift_y,
                              (x2 - left) * scale_x + shift_x, (y2 - top) * scale_y + shift_y)
    return placed


@TRANSFORMS.register_module()
class RandomResizedRegionCrop(_Resizing):
    """Cut a random rectangle and resize it; regions that leave it are dropped.

    An object region stays when enough of its area is in the crop, an OCR region only when all of it is, since half a
    word is another word; a whole image stays, its box becomes the crop. A crop that keeps no region is drawn again;
    after ten the whole image is taken. A sample all of whose regions lie outside the image is skipped, counted and
    reported. The image's aspect ratio changes with the crop's, as in the usual random resized crop.

    Args:
        scale (tuple[int, int]): Width and height of the result in pixels.
        area (tuple[float, float]): Bounds of the crop's share of the image's area. Defaults to (0.7, 1.0), those of the
            authors' successor code; the paper states none.
        aspect (tuple[float, float]): Bounds of the crop's width over height, relative to the image's. Defaults to
            (0.8, 1.25), likewise.
        min_visible (float): Share of an object's area that must be in the crop. Defaults to 0.5.
    """

    def __init__(self,
                 scale: Tuple[int, int],
                 area: Tuple[float, float] = (0.7, 1.),
                 aspect: Tuple[float, float] = (0.8, 1.25),
                 min_visible: float = 0.5) -> None:
        super().__init__(scale)
        self.area = area
        self.aspect = aspect
        needed = {'ocr': 0.999, 'image': 0., 'caption': 0., 'image_tags': 0.}
        self._needed = [needed.get(kind, min_visible) for kind in KINDS]

    def _draw(self, height: int, width: int) -> Crop:
        """A crop, xyxy in pixels."""
        side = math.sqrt(random.uniform(*self.area))
        stretch = math.exp(random.uniform(*map(math.log, self.aspect)) / 2)
        crop_w = min(width, max(1, round(width * side * stretch)))
        crop_h = min(height, max(1, round(height * side / stretch)))
        left, top = random.randrange(width - crop_w + 1), random.randrange(height - crop_h + 1)
        return left, top, left + crop_w, top + crop_h

    def transform(self, results: dict) -> Optional[dict]:
        height, width = results['img_shape'][:2]
        for _ in range(10):
            crop = widened(self._draw(height, width), self.scale, (width, height))
            boxes = place_boxes(results, crop, self.scale, self._needed)
            if boxes:
                return self._place(results, crop, boxes, self.scale)
        crop = (0, 0, width, height)
        boxes = place_boxes(results, crop, self.scale, self._needed)
        return self._place(results, crop, boxes, self.scale) if boxes else skip_sample(results, _OUTSIDE)


@TRANSFORMS.register_module()
class RegionResize(_Resizing):
    """Resize the whole image, whatever its aspect ratio, and its regions with it.

    mmcv's ``Resize`` does the same to an image that has been decoded; behind :class:`LoadImageFromShard` this one is
    faster.

    Args:
        scale (tuple[int, int]): Width and height of the result in pixels.
    """

    def transform(self, results: dict) -> Optional[dict]:
        return self._place_whole(results, self.scale)


@TRANSFORMS.register_module()
class RegionLetterbox(_Resizing):
    """Fit the whole image into a frame with its aspect ratio kept; the rest of the frame is one colour.

    Args:
        scale (tuple[int, int]): Width and height of the frame in pixels.
        pad_val (int): Grey level of the rest. Defaults to 114.
    """

    def __init__(self, scale: Tuple[int, int], pad_val: int = 114) -> None:
        super().__init__(scale)
        self.pad_val = pad_val

    def transform(self, results: dict) -> Optional[dict]:
        height, width = results['img_shape'][:2]
        ratio = min(self.scale[0] / width, self.scale[1] / height)
        size = tuple(min(frame, max(1, round(side * ratio))) for side, frame in zip((width, height), self.scale))
        left, top = (self.scale[0] - size[0]) // 2, (self.scale[1] - size[1]) // 2
        if self._place_whole(results, size, (left, top)) is None:
            return None
        padding = (left, top, self.scale[0] - size[0] - left, self.scale[1] - size[1] - top)
        results['img'] = mmcv.impad(results['img'], padding=padding, pad_val=(self.pad_val, ) * 3)
        results['img_shape'] = results['img'].shape[:2]
        return results

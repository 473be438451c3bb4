"""Transforms that keep regions in step with their image: boxes, kinds and labels are moved and dropped together."""
import logging
from typing import Optional, Tuple

import cv2
import numpy as np
from mmcv.transforms import BaseTransform, RandomFlip
from mmengine.logging import print_log

from mmrice.registry import TRANSFORMS
from mmrice.structures import KINDS

_REGION_FIELDS = ('gt_bboxes', 'gt_kinds', 'gt_region_labels')
_OCR, _IMAGE = KINDS.index('ocr'), KINDS.index('image')


def select_regions(results: dict, index: np.ndarray) -> None:
    """Keep the regions of ``index`` (bool mask or row numbers), in place."""
    for field in _REGION_FIELDS:
        results[field] = results[field][index]


@TRANSFORMS.register_module()
class RandomResizedRegionCrop(BaseTransform):
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
        self.scale = tuple(scale)
        self.area = area
        self.aspect = aspect
        self.min_visible = min_visible
        self.num_skipped = 0

    def _draw(self, height: int, width: int) -> Tuple[int, int, int, int]:
        """A crop, xyxy in pixels."""
        side = np.sqrt(np.random.uniform(*self.area))
        stretch = np.exp(np.random.uniform(*np.log(self.aspect)) / 2)
        crop_w = min(width, max(1, round(width * side * stretch)))
        crop_h = min(height, max(1, round(height * side / stretch)))
        left, top = np.random.randint(width - crop_w + 1), np.random.randint(height - crop_h + 1)
        return left, top, left + crop_w, top + crop_h

    def _visible(self, results: dict, crop: Tuple[int, int, int, int]) -> np.ndarray:
        boxes = results['gt_bboxes']
        clipped = np.clip(boxes, [crop[0], crop[1]] * 2, [crop[2], crop[3]] * 2)
        share = (clipped[:, 2:] - clipped[:, :2]).prod(1) / np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(1), 1e-6)
        needed = np.where(results['gt_kinds'] == _OCR, 0.999, self.min_visible)
        return (share >= needed) | (results['gt_kinds'] == _IMAGE)

    def transform(self, results: dict) -> Optional[dict]:
        height, width = results['img'].shape[:2]
        for _ in range(10):
            crop = self._draw(height, width)
            visible = self._visible(results, crop)
            if visible.any():
                break
        else:
            crop = (0, 0, width, height)
            visible = self._visible(results, crop)
            if not visible.any():
                return self._skip(results)
        select_regions(results, visible)
        left, top, right, bottom = crop
        results['img'] = cv2.resize(results['img'][top:bottom, left:right], self.scale, interpolation=cv2.INTER_LINEAR)
        factor = np.array([self.scale[0] / (right - left), self.scale[1] / (bottom - top)] * 2, dtype=np.float32)
        boxes = (results['gt_bboxes'] - np.array([left, top] * 2, dtype=np.float32)) * factor
        results['gt_bboxes'] = np.clip(boxes, 0, np.array(self.scale * 2, dtype=np.float32))
        results['img_shape'] = results['img'].shape[:2]
        return results

    def _skip(self, results: dict) -> None:
        self.num_skipped += 1
        print_log(
            f'{results.get("img_path")}: {results.get("key")}: no region lies inside the image; skipped '
            f'({self.num_skipped} so far).', logger='current', level=logging.WARNING)


@TRANSFORMS.register_module()
class RandomRegionFlip(RandomFlip):
    """mmcv's ``RandomFlip``, never on an image with an OCR region: mirrored text is no text."""

    def transform(self, results: dict) -> dict:
        if (results['gt_kinds'] == _OCR).any():
            return results
        return super().transform(results)


@TRANSFORMS.register_module()
class SampleRegions(BaseTransform):
    """Draw a fixed number of regions (RICE, sec. 3.1).

    More regions than asked for: a random subset. Fewer: all of them, and repetitions drawn at random.

    Args:
        num_regions (int): Regions N of each image. Defaults to 10, the best of the paper's ablation.
    """

    def __init__(self, num_regions: int = 10) -> None:
        self.num_regions = num_regions

    def transform(self, results: dict) -> Optional[dict]:
        present = len(results['gt_bboxes'])
        if present == 0:
            return None
        chosen = np.random.permutation(present)[:self.num_regions]
        repeated = np.random.randint(present, size=self.num_regions - len(chosen))
        select_regions(results, np.concatenate([chosen, repeated]))
        return results

"""Flip an image with its regions; draw a fixed number of regions."""
import random
from typing import Optional

import cv2
import numpy as np
from mmcv.transforms import BaseTransform, RandomFlip

from mmrice.registry import TRANSFORMS
from mmrice.structures import KINDS

from .select import select_regions

_OCR = KINDS.index('ocr')
FLIPS = {'horizontal': 1, 'vertical': 0, 'diagonal': -1}  # as OpenCV calls them


@TRANSFORMS.register_module()
class RandomRegionFlip(RandomFlip):
    """mmcv's ``RandomFlip``, never on an image with an OCR region: mirrored text is no text."""

    def transform(self, results: dict) -> dict:
        if _OCR in results['gt_kinds'].tolist():
            return results
        return super().transform(results)

    def _choose_direction(self) -> Optional[str]:
        if isinstance(self.prob, list) or isinstance(self.direction, list):
            return super()._choose_direction()
        return self.direction if random.random() < self.prob else None

    def _flip(self, results: dict) -> None:
        # mmcv makes a view, whose later copy takes ten times as long
        results['img'] = cv2.flip(results['img'], FLIPS[results['flip_direction']])
        results['gt_bboxes'] = self._flip_bbox(results['gt_bboxes'], results['img'].shape[:2],
                                               results['flip_direction'])


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
        if present > self.num_regions:
            select_regions(results, np.array(random.sample(range(present), self.num_regions)))
        elif present < self.num_regions:
            repeated = random.choices(range(present), k=self.num_regions - present)
            select_regions(results, np.array([*range(present), *repeated]))
        return results

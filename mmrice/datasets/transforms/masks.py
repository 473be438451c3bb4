"""PatchMasks: how much of each patch a region's mask covers."""
from typing import Optional

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmrice.registry import TRANSFORMS
from mmrice.utils import UserError
from mmrice.utils.rle import decode_rle

from .regions import FLIPS
from .select import skip_sample


@TRANSFORMS.register_module()
class PatchMasks(BaseTransform):
    """Bring the masks of regions to the patches of the network's input, behind all that moves pixels.

    Adds ``patch_masks``: the share of each patch that the mask covers, in 255ths, uint8, shape (K, h, w); zeros for a
    region without mask. Only masks of regions that are still there are decoded. A sample whose mask is not of its
    image's size is skipped, counted and reported.

    Args:
        patch_size (int): Pixels a side of a patch. The input is padded to whole patches at the right and the bottom.

    Raises:
        UserError: The sample has no masks to read, or was resized by another transform than this project's.
    """

    def __init__(self, patch_size: int) -> None:
        self.patch_size = patch_size

    def transform(self, results: dict) -> Optional[dict]:
        if 'gt_rles' not in results:
            raise UserError('PatchMasks: the sample has no masks. Set masks=True in the RegionShardDataset.')
        grid = tuple(-(-side // self.patch_size) for side in results['img_shape'][:2])
        found = np.zeros((len(results['gt_rles']), *grid), np.uint8)
        for place, counts in enumerate(results['gt_rles']):
            if counts:
                mask = decode_rle(counts, results['ori_shape'][:2])
                if mask is None:
                    return skip_sample(results, f'has a mask that is not of its {results["ori_shape"][0]} x '
                                                f'{results["ori_shape"][1]} pixels (height x width)')
                found[place] = self._cover(self._move(mask, results), grid)
        results['patch_masks'] = found
        return results

    @staticmethod
    def _move(mask: np.ndarray, results: dict) -> np.ndarray:
        """The mask as the image was cropped, resized, framed and flipped, 0 to 255, shape (H, W)."""
        whole = (0, 0, mask.shape[1], mask.shape[0])
        if 'placement' not in results and tuple(results['img_shape'][:2]) != mask.shape:
            raise UserError('PatchMasks: the image was resized by a transform that does not say how. Use mmrice.'
                            'RegionLetterbox, RegionResize or RandomResizedRegionCrop.')
        (left, top, right, bottom), size, (x, y) = results.get('placement', (whole, whole[2:], (0, 0)))
        part = np.ascontiguousarray(mask[top:bottom, left:right]) * 255
        shrinks = size[0] <= part.shape[1] and size[1] <= part.shape[0]
        frame = np.zeros(results['img_shape'][:2], np.uint8)
        frame[y:y + size[1], x:x + size[0]] = cv2.resize(
            part, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        return cv2.flip(frame, FLIPS[results['flip_direction']]) if results.get('flip') else frame

    def _cover(self, mask: np.ndarray, grid: tuple) -> np.ndarray:
        """Mean of each patch."""
        patch = self.patch_size
        padded = np.pad(mask, [(0, count * patch - side) for count, side in zip(grid, mask.shape)])
        return cv2.resize(padded, grid[::-1], interpolation=cv2.INTER_AREA)

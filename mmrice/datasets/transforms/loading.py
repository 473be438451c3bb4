"""Read an image out of a shard."""
import logging
from typing import Optional

import mmcv
from mmcv.transforms import BaseTransform
from mmengine.logging import print_log

from mmrice.registry import TRANSFORMS
from mmrice.utils import UserError


@TRANSFORMS.register_module()
class LoadImageFromShard(BaseTransform):
    """Decode the JPEG at ``img_offset`` of the tar ``img_path``.

    Adds ``img`` (uint8, (H, W, 3), BGR), ``img_shape`` and ``ori_shape``. A sample that cannot be decoded is skipped
    (the dataset draws another one), counted and reported.

    Args:
        max_failures (int): Samples that each worker may skip before it gives up. Defaults to 100.
    """

    def __init__(self, max_failures: int = 100) -> None:
        self.max_failures = max_failures
        self.num_failures = 0

    def transform(self, results: dict) -> Optional[dict]:
        with open(results['img_path'], 'rb') as stream:
            stream.seek(results['img_offset'])
            content = stream.read(results['img_bytes'])
        try:
            image = mmcv.imfrombytes(content)
        except Exception:  # OpenCV's errors are of many kinds
            image = None
        if image is None:
            return self._skip(results)
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results

    def _skip(self, results: dict) -> None:
        self.num_failures += 1
        where = f'{results["img_path"]}: {results["key"]}.jpg'
        if self.num_failures > self.max_failures:
            raise UserError(f'{where} cannot be decoded, nor could {self.max_failures} images before it. '
                            'Build the shards again, or raise max_failures of LoadImageFromShard.')
        print_log(
            f'{where} cannot be decoded; skipped ({self.num_failures} so far).', logger='current',
            level=logging.WARNING)

"""Read an image out of a shard."""
import os
from typing import Optional, Sequence

from mmcv.transforms import BaseTransform

from mmrice.registry import TRANSFORMS

from .decoding import decode, is_cut_off, jpeg_size
from .select import skip_sample


@TRANSFORMS.register_module()
class LoadImageFromShard(BaseTransform):
    """Read the JPEG at ``img_offset`` of the tar ``img_path``, and decode it or leave that to the next transform.

    Adds ``img`` (uint8, (H, W, 3), BGR), ``img_shape`` and ``ori_shape``. A sample that is missing, cut off or cannot
    be decoded is skipped: the dataset counts it and draws another one.

    In a RegionShardDataset whose next transform crops or resizes (:class:`RandomResizedRegionCrop`,
    :class:`RegionResize`, :class:`RegionLetterbox`), the image is passed on as ``jpeg`` (bytes), to be decoded at half,
    a quarter or an eighth of its size where the result is no larger.

    Args:
        reduced (bool): Allow that. Defaults to True; False decodes every pixel here.
    """

    def __init__(self, reduced: bool = True) -> None:
        self.reduced = reduced
        self.defer = False  # set by the dataset, which knows what comes next

    def transform(self, results: dict) -> Optional[dict]:
        content = self._read(results)
        if content is None:
            return skip_sample(results, 'cannot be read from its tar')
        if len(content) < results['img_bytes'] or is_cut_off(content):
            return skip_sample(results, 'is cut off')
        shape = jpeg_size(content) if self.defer else None
        if shape is not None:
            results['jpeg'] = content
        else:
            image = decode(content)
            if image is None:
                return skip_sample(results, 'cannot be decoded')
            results['img'], shape = image, image.shape[:2]
        results['img_shape'] = results['ori_shape'] = shape
        return results

    @staticmethod
    def _read(results: dict) -> Optional[bytes]:
        if results['img_offset'] < 0:
            return None
        try:
            file = os.open(results['img_path'], os.O_RDONLY)
            try:
                return os.pread(file, results['img_bytes'], results['img_offset'])
            finally:
                os.close(file)
        except OSError:
            return None


def let_next_decode(transforms: Sequence[object]) -> None:
    """Let each LoadImageFromShard leave decoding to the transform behind it where that can (its ``decodes``).

    Args:
        transforms: A pipeline.
    """
    for transform, follower in zip(transforms, transforms[1:]):
        if isinstance(transform, LoadImageFromShard):
            transform.defer = transform.reduced and getattr(follower, 'decodes', False)

"""Boxes between the pixels of an image and those of the network's input."""
from typing import Any, Dict, List

import torch
import torch.nn.functional as F
from torch import Tensor

from mmrice.utils import UserError


def _scale_and_offset(meta: Dict[str, Any], like: Tensor) -> List[Tensor]:
    if 'scale_factor' not in meta and tuple(meta['ori_shape'][:2]) != tuple(meta['img_shape'][:2]):
        raise UserError(f'{meta.get("img_path", "an image")}: was resized, but its sample does not say how. Add '
                        "'scale_factor' (and 'pad_offset' with mmrice.Letterbox) to meta_keys of PackDetInputs.")
    pairs = (meta.get('scale_factor', (1., 1.)), meta.get('pad_offset', (0., 0.)))
    return [torch.tensor([*pair, *pair], dtype=torch.float32, device=like.device) for pair in pairs]


def to_input(boxes: Tensor, meta: Dict[str, Any]) -> Tensor:
    """Boxes of an image in pixels of the network's input.

    Args:
        boxes: xyxy in pixels of the image as it is stored, shape (K, 4).
        meta: ``scale_factor`` (x, y) and ``pad_offset`` (x, y) in pixels of the input, where there are such.

    Returns:
        Tensor: float32, shape (K, 4).

    Raises:
        UserError: The image was resized and ``scale_factor`` is missing.
    """
    scale, offset = _scale_and_offset(meta, boxes)
    return boxes.float() * scale + offset


def to_image(boxes: Tensor, meta: Dict[str, Any]) -> Tensor:
    """The inverse of :func:`to_input`."""
    scale, offset = _scale_and_offset(meta, boxes)
    return (boxes.float() - offset) / scale


def crop_boxes(image_CHW: Tensor, boxes: Tensor, size: int) -> Tensor:
    """Cut boxes out of an image and letterbox each: aspect ratio kept, in the middle, zeros (the mean colour) around.

    Args:
        image_CHW: Normalised, shape (C, H, W).
        boxes: xyxy in its pixels, shape (K, 4); widened to whole pixels, cut at the edges, at least a pixel in size.
        size: Side of the results, px.

    Returns:
        Tensor: shape (K, C, size, size).
    """
    height, width = image_CHW.shape[-2:]
    crops = image_CHW.new_zeros(len(boxes), len(image_CHW), size, size)
    for crop, (x1, y1, x2, y2) in zip(crops, boxes.tolist()):
        left, top = min(max(int(x1), 0), width - 1), min(max(int(y1), 0), height - 1)
        right, bottom = max(min(-int(-x2 // 1), width), left + 1), max(min(-int(-y2 // 1), height), top + 1)
        ratio = size / max(right - left, bottom - top)
        shape = [min(size, max(1, round(side * ratio))) for side in (bottom - top, right - left)]
        y, x = ((size - side) // 2 for side in shape)
        crop[:, y:y + shape[0], x:x + shape[1]] = F.interpolate(
            image_CHW[None, :, top:bottom, left:right], shape, mode='bilinear', align_corners=False, antialias=True)[0]
    return crops

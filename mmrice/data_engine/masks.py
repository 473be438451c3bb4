"""From mask logits of a point-prompted model (SAM, SAM2) to boxes. Pure functions.

Follows the automatic mask generator of Segment Anything (Kirillov et al., ICCV 2023, and its code): a grid of points,
three masks a point, thresholds on the predicted IoU and on the stability of the mask, optionally the same on crops. Two
things differ: right and bottom of a box are exclusive, as everywhere in this project, and masks of the image and of its
crops compete by their predicted IoU alone (there, those of smaller crops come first).
"""
import math
from typing import List, Optional, Tuple

import numpy as np
import torch
import torch.nn.functional as F

Size = Tuple[int, int]  # height, width
_AT_ONCE = 16  # masks that are enlarged together, so that memory does not grow with the number of points


def point_grid(points_per_side: int) -> np.ndarray:
    """Centres of the cells of a regular grid, row by row, x y in [0, 1], shape (points_per_side ** 2, 2), float64."""
    ticks = (np.arange(points_per_side) + 0.5) / points_per_side
    return np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2)


def crop_boxes(size: Size, layers: int, overlap: float = 512 / 1500) -> List[Tuple[int, Tuple[int, int, int, int]]]:
    """The image itself and, for layer i = 1, 2, ..., its 2 ** i x 2 ** i overlapping crops.

    Args:
        size: Of the image, px.
        layers: Of crops; 0 gives the image alone.
        overlap: Of neighbouring crops in the first layer, as a share of the image's shorter edge; half in the next.

    Returns:
        list: (layer, (x1, y1, x2, y2)); columns first, as in SAM's code. Crops that would be empty are left out.
    """
    height, width = size
    boxes = [(0, (0, 0, width, height))]
    for layer in range(1, layers + 1):
        count = 2**layer
        shared = int(overlap * min(size) * 2 / count)
        crop_h, crop_w = (math.ceil((shared * (count - 1) + edge) / count) for edge in size)
        for column in range(count):
            for row in range(count):
                x1, y1 = (crop_w - shared) * column, (crop_h - shared) * row
                if x1 < width and y1 < height:
                    boxes.append((layer, (x1, y1, min(x1 + crop_w, width), min(y1 + crop_h, height))))
    return boxes


def near_crop_edge(boxes_M4: np.ndarray, crop: Tuple[int, int, int, int], size: Size, within: float = 20) -> np.ndarray:
    """Which boxes end at an edge of the crop that is no edge of the image: what they hold is likely cut off.

    Args:
        boxes_M4: xyxy in px of the image.
        crop: xyxy, px.
        size: Of the image, px.
        within: Distance that counts as touching, px.

    Returns:
        np.ndarray: shape (M,), bool.
    """
    image = np.array([0, 0, size[1], size[0]])
    at_crop, at_image = (np.abs(boxes_M4 - np.asarray(edges)) <= within for edges in (crop, image))
    return (at_crop & ~at_image).any(1)


def object_masks(logits_PNhw: torch.Tensor, ious_PN: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
    """The masks of P points that mean one object each, points in order, as (M, h, w) and (M,).

    SAM has four mask tokens. The first serves several prompts of one object; for a single point the other three (whole,
    part, subpart) are meant. Models that give three or one have chosen already.
    """
    first = 1 if ious_PN.shape[1] == 4 else 0
    return logits_PNhw[:, first:].flatten(0, 1), ious_PN[:, first:].flatten()


def resize_logits(logits_Mhw: torch.Tensor, size: Size, frame: Optional[Size] = None,
                  content: Optional[Size] = None) -> torch.Tensor:
    """Bring logits to the pixels of the image that they are about (bilinear).

    Args:
        logits_Mhw: Logits on the model's input, coarse.
        size: Of the image, px.
        frame: Size of the model's input where the image fills only its upper left part (SAM), px; None where it is
            stretched to all of it (SAM2).
        content: Size of that part, px.

    Returns:
        Tensor: shape (M, *size), float32.
    """
    logits = logits_Mhw[None].float()
    if frame is not None:
        logits = F.interpolate(logits, frame, mode='bilinear', align_corners=False)[..., :content[0], :content[1]]
    return F.interpolate(logits, size, mode='bilinear', align_corners=False)[0]


def stability_score(logits_MHW: torch.Tensor, threshold: float = 0, offset: float = 1) -> torch.Tensor:
    """IoU of the masks cut at ``threshold + offset`` and ``threshold - offset``, shape (M,); 0 for empty masks."""
    high, low = ((logits_MHW > threshold + sign * offset).sum((1, 2)) for sign in (1, -1))
    return high / low.clamp(min=1)


def mask_boxes(masks_MHW: torch.Tensor) -> torch.Tensor:
    """Extents of masks, shape (M, 4), int64, xyxy with exclusive ends; zeros for empty masks."""
    ends = []
    for line in (masks_MHW.any(1), masks_MHW.any(2)):
        inside, length = line.to(torch.uint8), line.shape[1]
        first, last = inside.argmax(1), length - inside.flip(1).argmax(1)
        ends.append((first, torch.where(line.any(1), last, first)))
    (x1, x2), (y1, y2) = ends
    return torch.stack([x1, y1, x2, y2], 1)


def stable_boxes(logits_Mhw: torch.Tensor, size: Size, frame: Optional[Size] = None, content: Optional[Size] = None,
                 min_stability: float = 0.95, threshold: float = 0,
                 offset: float = 1) -> Tuple[np.ndarray, np.ndarray]:
    """Boxes of those masks that hardly depend on the threshold.

    Args:
        logits_Mhw: See :func:`resize_logits`, as for ``size``, ``frame`` and ``content``.
        min_stability: Masks with a lower :func:`stability_score` are left out.
        threshold: Logits above it are inside.
        offset: See :func:`stability_score`.

    Returns:
        tuple: Indices of the kept masks, ascending, shape (K,), int64; their boxes in px of the image, shape (K, 4),
        float32. Empty masks are left out.
    """
    kept, boxes = [np.zeros(0, np.int64)], [np.zeros((0, 4), np.float32)]
    for start in range(0, len(logits_Mhw), _AT_ONCE):
        logits = resize_logits(logits_Mhw[start:start + _AT_ONCE], size, frame, content)
        found = mask_boxes(logits > threshold)
        good = (stability_score(logits, threshold, offset) >= min_stability) & (found[:, 2] > found[:, 0])
        kept.append(good.nonzero()[:, 0].cpu().numpy() + start)
        boxes.append(found[good].cpu().numpy().astype(np.float32))
    return np.concatenate(kept), np.concatenate(boxes)

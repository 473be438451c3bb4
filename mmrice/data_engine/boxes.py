"""Pure functions on boxes, xyxy in pixels."""
from typing import Tuple

import numpy as np


def pairwise_iou(a_M4: np.ndarray, b_N4: np.ndarray) -> np.ndarray:
    """Intersection over union of every pair, shape (M, N), float32 in [0, 1]."""
    a, b = a_M4[:, None].astype(np.float32), b_N4[None].astype(np.float32)
    side = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    inter = side.clip(0).prod(-1)
    areas = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1)
    return inter / np.maximum(areas - inter, 1e-9)


def nms(boxes_K4: np.ndarray, scores_K: np.ndarray, max_iou: float, max_keep: int = 0) -> np.ndarray:
    """Greedy non-maximum suppression; equal scores keep their order.

    Args:
        boxes_K4: xyxy, shape (K, 4).
        scores_K: Higher first, shape (K,).
        max_iou: A box that overlaps a better one by more than this is dropped; 1 keeps all.
        max_keep: Stop after this many; 0 keeps all.

    Returns:
        np.ndarray: Indices of the kept boxes, best first, int64.
    """
    import torch
    from torchvision.ops import nms as torchvision_nms
    order = np.argsort(-scores_K, kind='stable')
    boxes = torch.from_numpy(np.ascontiguousarray(boxes_K4[order], np.float32).reshape(-1, 4))
    # Ranks instead of scores: the order of equal scores is ours. IoUs are float32, and so must be the threshold.
    kept = torchvision_nms(boxes, torch.arange(len(order), 0, -1, dtype=torch.float32), float(np.float32(max_iou)))
    return order[kept.numpy()[:max_keep or None]].astype(np.int64)


def clip_boxes(boxes_K4: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
    """Cut boxes at the edges of an image of ``size`` (height, width), shape (K, 4), float32."""
    height, width = size
    boxes = np.asarray(boxes_K4, np.float32).reshape(-1, 4)
    return np.stack([boxes[:, 0].clip(0, width), boxes[:, 1].clip(0, height),
                     boxes[:, 2].clip(0, width), boxes[:, 3].clip(0, height)], 1)


def fits(boxes_K4: np.ndarray, size: Tuple[int, int], min_edge: float = 0, max_aspect: float = np.inf,
         max_area: float = 1) -> np.ndarray:
    """Which boxes are usable regions of an image.

    Args:
        boxes_K4: xyxy inside the image, shape (K, 4).
        size: Height and width of the image, px.
        min_edge: Least length of the shorter side, px.
        max_aspect: Greatest longer side / shorter side.
        max_area: Greatest share of the image's area.

    Returns:
        np.ndarray: shape (K,), bool. Empty and inverted boxes never fit.
    """
    side = boxes_K4[:, 2:] - boxes_K4[:, :2]
    short, long = side.min(1, initial=np.inf), side.max(1, initial=0)
    inside = (short > 0) & (short >= min_edge) & (long <= max_aspect * short.clip(1e-9))
    return inside & (side.clip(0).prod(1) <= max_area * size[0] * size[1])

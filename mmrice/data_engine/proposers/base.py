"""What all proposers share, and the one that takes the image as it is."""
from pathlib import Path
from typing import Any, Dict, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from mmrice.registry import ENGINE_STAGES

from ..boxes import clip_boxes, fits, nms


class Proposals(NamedTuple):
    """Boxes of one image: (K, 4) float32 xyxy pixels, best first; scores (K,) float32; and how many were invalid."""
    boxes: np.ndarray
    scores: np.ndarray
    invalid: int = 0


def shrink_image(image: np.ndarray, max_edge: Optional[int]) -> Tuple[np.ndarray, np.ndarray]:
    """Make the longer edge ``max_edge`` px where it is longer; None keeps the image.

    Args:
        image: uint8, shape (H, W, 3).
        max_edge: px.

    Returns:
        tuple: The image, and the factors that take xyxy boxes back, shape (4,), float32.
    """
    height, width = image.shape[:2]
    ratio = 1 if max_edge is None else min(1.0, max_edge / max(height, width))
    size = max(2, round(width * ratio)), max(2, round(height * ratio))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if ratio < 1 else image
    return small, np.array([width / small.shape[1], height / small.shape[0]] * 2, np.float32)


class Proposer:
    """Base of the proposers: keeps boxes of a useful size, without near doubles.

    Args:
        min_edge: Least shorter side of a box, px of the stored image (the paper: 128).
        max_aspect: Greatest longer side / shorter side.
        max_area: Greatest share of the image.
        nms_iou: Of two boxes that overlap more, the better one is kept.
        max_regions: Boxes an image at most; 0 keeps all.
    """
    version = 1
    kind = 'object'  # of the regions that come of the boxes

    def __init__(self, min_edge: float = 128, max_aspect: float = 5, max_area: float = 0.9, nms_iou: float = 0.7,
                 max_regions: int = 0) -> None:
        self.min_edge, self.max_aspect, self.max_area = min_edge, max_aspect, max_area
        self.nms_iou, self.max_regions = nms_iou, max_regions

    def work_in(self, folder: Path) -> None:
        """Called before the images of each shard.

        Args:
            folder: Of the build, where a proposer may keep files that spare it work.
        """

    def candidates(self, image: np.ndarray, record: Dict[str, Any]) -> Proposals:
        """All boxes that come to mind; see :meth:`__call__`."""
        raise NotImplementedError

    def __call__(self, image: np.ndarray, record: Dict[str, Any]) -> Proposals:
        """Propose the regions of one image.

        Args:
            image: RGB, uint8, shape (H, W, 3).
            record: What ingest noted about it: key, source, file, size, source_size.

        Returns:
            Proposals: Boxes inside the image.
        """
        found = self.candidates(image, record)
        boxes = clip_boxes(found.boxes, image.shape[:2])
        good = np.flatnonzero(fits(boxes, image.shape[:2], self.min_edge, self.max_aspect, self.max_area))
        good = good[nms(boxes[good], found.scores[good], self.nms_iou, self.max_regions)]
        return Proposals(boxes[good], found.scores[good].astype(np.float32), found.invalid)


@ENGINE_STAGES.register_module()
class WholeImageProposer:
    """One box an image, the image itself, for image-level cluster discrimination (UNICOM, MLCD).

    Its regions are of kind 'image'; ``engine.label.top_k`` says how many clusters each gets.
    """
    version = 1
    kind = 'image'

    def __call__(self, image: np.ndarray, record: Dict[str, Any]) -> Proposals:
        """See :meth:`Proposer.__call__`."""
        height, width = image.shape[:2]
        return Proposals(np.array([[0, 0, width, height]], np.float32), np.ones(1, np.float32))

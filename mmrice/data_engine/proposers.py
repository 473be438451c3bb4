"""Propose: which boxes of an image are worth a label."""
import importlib.util
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import cv2
import numpy as np

from mmrice.compat import install_hint
from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from .boxes import clip_boxes, fits, nms


class Proposals(NamedTuple):
    """Boxes of one image: (K, 4) float32 xyxy pixels, best first; scores (K,) float32; and how many were invalid."""
    boxes: np.ndarray
    scores: np.ndarray
    invalid: int = 0


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
class SelectiveSearchProposer(Proposer):
    """Boxes of similar neighbouring superpixels; needs no weights. See :mod:`~mmrice.data_engine.selective_search`.

    Args:
        work_edge: The image is made this small (longer edge, px) first.
        scales: Felzenszwalb's k; one grouping for each.
        min_size: Least superpixel, px of the small image.
        **kwargs: See :class:`Proposer`.

    Example:
        >>> boxes, scores, _ = SelectiveSearchProposer(min_edge=32)(image, {})
    """

    def __init__(self, work_edge: int = 256, scales: Sequence[float] = (100, 200), min_size: int = 50,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if importlib.util.find_spec('skimage') is None:
            raise UserError(f'mmrice.SelectiveSearchProposer needs scikit-image. {install_hint("skimage")}')
        self.work_edge, self.scales, self.min_size = work_edge, tuple(scales), min_size

    def candidates(self, image: np.ndarray, record: Dict[str, Any]) -> Proposals:
        """All regions of all groupings, boxes in px of ``image``."""
        from .selective_search import selective_search
        height, width = image.shape[:2]
        ratio = min(1.0, self.work_edge / max(height, width))
        size = max(2, round(width * ratio)), max(2, round(height * ratio))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if ratio < 1 else image
        found = [selective_search(small, scale, min_size=self.min_size) for scale in self.scales]
        back = np.array([width / small.shape[1], height / small.shape[0]] * 2, np.float32)
        return Proposals(np.concatenate([boxes for boxes, _ in found]) * back,
                         np.concatenate([scores for _, scores in found]))


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


@ENGINE_STAGES.register_module()
class AnnotationProposer(Proposer):
    """Boxes of COCO json files, for data that people have annotated already (the paper does so with SA-1B).

    Args:
        ann_files: Source name of ingest -> COCO json. Images of other sources get no boxes.
        invalid: 'drop' counts and leaves out boxes that are inverted or outside their image, 'error' stops at them.
        **kwargs: See :class:`Proposer`.
    """

    def __init__(self, ann_files: Dict[str, str], invalid: str = 'drop', **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if invalid not in ('drop', 'error'):
            raise UserError(f"engine.propose.invalid is {invalid!r}, expected 'drop' or 'error'.")
        self.ann_files, self.invalid = dict(ann_files), invalid
        self._boxes: Dict[str, Dict[str, List[Tuple[int, List[float]]]]] = {}

    def fingerprint(self) -> List[str]:
        """Contents of the annotation files."""
        from .coco_boxes import annotation_file
        from .workspace import file_digest
        return [file_digest(annotation_file(path)) for path in self.ann_files.values()]

    def candidates(self, image: np.ndarray, record: Dict[str, Any]) -> Proposals:
        """The annotated boxes, scaled to ``image``; all scores are one."""
        from .coco_boxes import box_error, read_coco_boxes
        source = record['source']
        if source not in self.ann_files:
            return Proposals(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
        if source not in self._boxes:
            self._boxes[source] = read_coco_boxes(self.ann_files[source])
        kept, invalid = [], 0
        for number, box in self._boxes[source].get(record['file'], []):
            error = box_error(box, record['source_size'])
            if error is None:
                kept.append(box)
            elif self.invalid == 'drop':
                invalid += 1
            else:
                raise UserError(f'{self.ann_files[source]}: annotation {number} of {record["file"]}: {error} '
                                "Set engine.propose.invalid='drop' to leave such boxes out, or fix the file.")
        ratio = np.array([now / was for now, was in zip(record['size'], record['source_size'])] * 2, np.float32)
        return Proposals(np.array(kept, np.float32).reshape(-1, 4) * ratio, np.ones(len(kept), np.float32), invalid)

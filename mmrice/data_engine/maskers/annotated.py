"""Masks that are there already."""
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..boxes import pairwise_iou
from ..coco_boxes import BoxIndex, annotation_file, same_shape
from ..text_file import TextFiles
from ..text_regions import read_regions
from .base import Masker
from .coco_masks import decode_segmentation, resize_mask


class _Candidates(NamedTuple):
    """Boxes in px of the stored image, (M, 4); M segmentations, None for none; where they stand, for messages; their
    numbers in a file of JSON lines, else -1; and width and height of the image that they are for."""
    boxes: np.ndarray
    segmentations: List[Any]
    where: List[str]
    numbers: List[int]
    size: Sequence[float]


@ENGINE_STAGES.register_module()
class AnnotatedMasks(Masker):
    """Masks of COCO json files or of files of JSON lines, each for the regions whose box is that of its annotation.

    A region takes the mask of the annotation that its box overlaps most, and none where that one has none. Of several
    annotations with equal boxes, as those of backgrounds may be, it takes the one of its number, if both are out of
    files of JSON lines, else the first that no region has taken yet. Masks are resized where ingest made the image
    smaller. Annotations of a crowd have none.

    Args:
        ann_files: Source name of ingest -> COCO json whose annotations have a ``segmentation``: RLE or polygons; of any
            size, see :class:`~mmrice.data_engine.coco_boxes.BoxIndex`.
        files: Source name of ingest -> JSON lines whose regions have a ``mask``, see
            :class:`~mmrice.data_engine.text_file.TextFile`. A source is in one of the two.
        min_iou: Of box and annotated box, at least.
        invalid: 'drop' leaves out masks of an image of another shape (the json may mean the image before its EXIF
            orientation), 'error' stops at them.

    Example:
        >>> mask = dict(type='mmrice.AnnotatedMasks', ann_files=dict(scenes='data/mini/scenes/annotations/train.json'))
    """

    def __init__(self, ann_files: Optional[Dict[str, str]] = None, files: Optional[Dict[str, str]] = None,
                 min_iou: float = 0.75, invalid: str = 'drop') -> None:
        if not ann_files and not files:
            raise UserError('engine.mask has neither ann_files nor files: give a path for each source of ingest.')
        if set(ann_files or ()) & set(files or ()):
            raise UserError(f'engine.mask: {min(set(ann_files) & set(files))} is in ann_files and in files. Leave it '
                            'out of one.')
        if not 0 < min_iou <= 1:
            raise UserError(f'engine.mask.min_iou is {min_iou}, expected a number over 0, at most 1.')
        if invalid not in ('drop', 'error'):
            raise UserError(f"engine.mask.invalid is {invalid!r}, expected 'drop' or 'error'.")
        self.ann_files, self.min_iou, self.invalid = dict(ann_files or {}), min_iou, invalid
        self.files = TextFiles(files, 'engine.mask.files') if files else None
        self._folder: Optional[Path] = None
        self._indexes: Dict[str, BoxIndex] = {}

    def fingerprint(self) -> List[str]:
        """Contents of the files."""
        from ..workspace import file_digest
        found = [f'{source} {file_digest(annotation_file(path, "engine.mask.ann_files"))}'
                 for source, path in self.ann_files.items()]
        return found + (self.files.fingerprint() if self.files else [])

    def work_in(self, folder: Path) -> None:
        """Keep the indexes of the COCO files in the build's folder."""
        self._folder = folder
        self._indexes.clear()  # as in AnnotationProposer: the json may have changed

    def __call__(self, image: np.ndarray, record: Dict[str, Any], boxes_K4: np.ndarray,
                 numbers: Sequence[int] = ()) -> List[Optional[np.ndarray]]:
        """See :meth:`Masker.__call__`."""
        known = self._candidates(record)
        if not len(known.boxes):
            return [None] * len(boxes_K4)
        iou_KM, masks, found = pairwise_iou(boxes_K4, known.boxes), {}, []
        for iou_M, number in zip(iou_KM, numbers or [-1] * len(boxes_K4)):
            if iou_M.max() < self.min_iou:
                found.append(None)
                continue
            best = np.flatnonzero(iou_M == iou_M.max()).tolist()
            own = [one for one in best if known.numbers[one] == number >= 0]
            taken = [*own, *(one for one in best if one not in masks), *best][0]
            if taken not in masks:
                masks[taken] = self._pixels(known, taken, record)
            found.append(masks[taken])
        return found

    def _candidates(self, record: Dict[str, Any]) -> _Candidates:
        source = record['source']
        if source in self.ann_files:
            return self._of_coco(record)
        if self.files is None or source not in self.files.paths:
            return _Candidates(np.zeros((0, 4), np.float32), [], [], [], record['source_size'])
        found = read_regions(self.files, record, 'engine.mask')
        return _Candidates(found.boxes, [fields.get('mask') for fields in found.fields], found.where, found.numbers,
                           record['source_size'])

    def _of_coco(self, record: Dict[str, Any]) -> _Candidates:
        source = record['source']
        if source not in self._indexes:
            self._indexes[source] = BoxIndex(self.ann_files[source], self._folder, segmentations=True)
        stated, boxes, segmentations = self._indexes[source].find(record['file'])
        stated = stated or record['source_size']
        ratio = np.array([now / was for now, was in zip(record['size'], stated)] * 2, np.float32)
        return _Candidates(np.array([box for _, box in boxes], np.float32).reshape(-1, 4) * ratio,
                           [segmentation or None for segmentation in segmentations],
                           [f'{self.ann_files[source]}: annotation {name} of {record["file"]}' for name, _ in boxes],
                           [-1] * len(boxes), stated)

    def _pixels(self, known: _Candidates, number: int, record: Dict[str, Any]) -> Optional[np.ndarray]:
        if known.segmentations[number] is None:
            return None
        width, height = record['source_size']
        try:
            mask = decode_segmentation(known.segmentations[number], tuple(map(int, known.size[::-1])))
        except ValueError as error:
            raise UserError(f"{known.where[number]}: is neither an RLE nor polygons of COCO ({error}). Fix the file, "
                            'or leave the field out.') from error
        if not same_shape(record['source_size'], mask.shape[::-1]):
            if self.invalid == 'drop':
                return None
            raise UserError(f'{known.where[number]}: the mask has {mask.shape[1]} x {mask.shape[0]} px, but the image '
                            f"has {width} x {height} px. Set engine.mask.invalid='drop' to leave such masks out.")
        return resize_mask(mask, record['size'][::-1])

"""Boxes that people have drawn."""
from pathlib import Path
from typing import Any, Dict, List, Optional

import numpy as np

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..coco_boxes import BoxIndex, annotation_file, box_error, same_shape
from .base import Proposals, Proposer


@ENGINE_STAGES.register_module()
class AnnotationProposer(Proposer):
    """Boxes of COCO or Objects365 json files, for data that is annotated already (the paper does so with SA-1B).

    A json of any size will do: it is read once, as a stream, into an index in the build's ``.work`` folder (80 bytes a
    box), in which workers look up one image at a time.

    An image is found by the name that ingest gave its file, or by the last parts of it: the source's folder may lie
    deeper than the names of the json begin. Where the json states another size for an image, boxes are scaled when the
    shape agrees; when it does not (the json means the image before its EXIF orientation, say), they are invalid.

    Args:
        ann_files: Source name of ingest -> COCO json. Images of other sources get no boxes.
        invalid: 'drop' counts and leaves out boxes that are inverted or outside their image, 'error' stops at them.
        **kwargs: See :class:`~mmrice.data_engine.proposers.base.Proposer`.
    """
    version = 2

    def __init__(self, ann_files: Dict[str, str], invalid: str = 'drop', **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if invalid not in ('drop', 'error'):
            raise UserError(f"engine.propose.invalid is {invalid!r}, expected 'drop' or 'error'.")
        self.ann_files, self.invalid = dict(ann_files), invalid
        self._folder: Optional[Path] = None
        self._indexes: Dict[str, BoxIndex] = {}

    def fingerprint(self) -> List[str]:
        """Contents of the annotation files."""
        from ..workspace import file_digest
        return [file_digest(annotation_file(path)) for path in self.ann_files.values()]

    def work_in(self, folder: Path) -> None:
        """Keep the indexes of the annotation files in the build's folder."""
        self._folder = folder
        self._indexes.clear()  # opened anew for each shard, a matter of milliseconds: the json may have changed

    def candidates(self, image: np.ndarray, record: Dict[str, Any]) -> Proposals:
        """The annotated boxes, scaled to ``image``; all scores are one."""
        source = record['source']
        if source not in self.ann_files:
            return Proposals(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
        if source not in self._indexes:
            self._indexes[source] = BoxIndex(self.ann_files[source], self._folder)
        stated, boxes, _ = self._indexes[source].find(record['file'])
        stated = stated or record['source_size']
        agrees = same_shape(record['source_size'], stated)
        kept, invalid = [], 0
        for number, box in boxes:
            error = box_error(box, stated)
            if not agrees:
                error = (f'it is {record["source_size"][0]} x {record["source_size"][1]} px, but the annotations are '
                         f'for {stated[0]:g} x {stated[1]:g} px.')
            if error is None:
                kept.append(box)
            elif self.invalid == 'drop':
                invalid += 1
            else:
                raise UserError(f'{self.ann_files[source]}: annotation {number} of {record["file"]}: {error} '
                                "Set engine.propose.invalid='drop' to leave such boxes out, or fix the file.")
        ratio = np.array([now / was for now, was in zip(record['size'], stated)] * 2, np.float32)
        return Proposals(np.array(kept, np.float32).reshape(-1, 4) * ratio, np.ones(len(kept), np.float32), invalid)

"""Phrases whose boxes are known."""
from typing import Any, Dict, List

import numpy as np

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..boxes import clip_boxes
from ..coco_boxes import box_error
from ..text_file import TextFiles
from .base import Grounded, Grounder


@ENGINE_STAGES.register_module()
class AnnotatedPhrases(Grounder):
    """Phrases with their boxes out of files of JSON lines, see :class:`~mmrice.data_engine.text_file.TextFile`.

    Boxes are in pixels of the image as the source has it, upright; they are scaled where ingest made it smaller.

    Args:
        files: Source name of ingest -> path. Images of other sources, or without a line, get no phrase.
        invalid: 'drop' counts and leaves out boxes that are inverted or outside their image, 'error' stops at them.

    Example:
        >>> ground = dict(type='mmrice.AnnotatedPhrases', files=dict(scenes='data/mini/scenes/text/train.jsonl'))
    """
    asks = False

    def __init__(self, files: Dict[str, str], invalid: str = 'drop') -> None:
        super().__init__()
        if invalid not in ('drop', 'error'):
            raise UserError(f"engine.ground.invalid is {invalid!r}, expected 'drop' or 'error'.")
        self.files, self.invalid = TextFiles(files, 'engine.ground.files'), invalid

    def fingerprint(self) -> List[str]:
        """Contents of the files."""
        return self.files.fingerprint()

    def __call__(self, images: List[np.ndarray], records: List[Dict[str, Any]],
                 phrases: List[List[str]]) -> List[Grounded]:
        """See :meth:`Grounder.__call__`; all scores are one."""
        return [self._read(record) for record in records]

    def _read(self, record: Dict[str, Any]) -> Grounded:
        boxes, texts, invalid = [], [], 0
        for number, region in enumerate(self.files.find(record).get('regions') or []):
            where = f'{self.files.paths[record["source"]]}: region {number} of {record["file"]}'
            try:
                box, text = [float(value) for value in region['box']], region['phrase'].strip()
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise UserError(f'{where}: {region!r} has no box of numbers and phrase.') from error
            problem = f'box has {len(box)} numbers, expected 4.' if len(box) != 4 else box_error(
                box, record['source_size'])
            if problem is None and text:
                boxes.append(box)
                texts.append(text)
            elif problem is not None and self.invalid == 'error':
                raise UserError(f"{where}: {problem} Set engine.ground.invalid='drop' to leave such boxes out, or fix "
                                'the file.')
            else:
                invalid += 1
        width, height = record['size']
        ratio = np.array([now / was for now, was in zip(record['size'], record['source_size'])] * 2, np.float32)
        boxes_K4 = clip_boxes(np.array(boxes, np.float32).reshape(-1, 4) * ratio, (height, width))
        return Grounded(boxes_K4, np.ones(len(texts), np.float32), texts, invalid)

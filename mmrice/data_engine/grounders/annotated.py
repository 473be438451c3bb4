"""Phrases whose boxes are known."""
from typing import Any, Dict, List, Optional

import numpy as np

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..text_file import TextFiles
from ..text_regions import read_regions
from .base import Grounded, Grounder


@ENGINE_STAGES.register_module()
class AnnotatedPhrases(Grounder):
    """Phrases with their boxes out of files of JSON lines, see :class:`~mmrice.data_engine.text_file.TextFile`.

    Boxes are in pixels of the image as the source has it, upright; they are scaled where ingest made it smaller.

    A region with tags and without a phrase is left to :class:`~mmrice.data_engine.tags.AnnotatedTags`.

    Args:
        files: Source name of ingest -> path. Images of other sources, or without a line, get no phrase.
        invalid: 'drop' counts and leaves out boxes that are inverted or outside their image, 'error' stops at them.

    Example:
        >>> ground = dict(type='mmrice.AnnotatedPhrases', files=dict(scenes='data/mini/scenes/text/train.jsonl'))
    """
    version = 2
    reads = None

    def __init__(self, files: Dict[str, str], invalid: str = 'drop') -> None:
        super().__init__()
        if invalid not in ('drop', 'error'):
            raise UserError(f"engine.ground.invalid is {invalid!r}, expected 'drop' or 'error'.")
        self.files, self.invalid = TextFiles(files, 'engine.ground.files'), invalid

    def fingerprint(self) -> List[str]:
        """Contents of the files."""
        return self.files.fingerprint()

    def __call__(self, images: List[np.ndarray], records: List[Dict[str, Any]],
                 found: List[List[str]]) -> List[Grounded]:
        """See :meth:`Grounder.__call__`; all scores are one."""
        return [self._read(record) for record in records]

    def _read(self, record: Dict[str, Any]) -> Grounded:
        found = read_regions(self.files, record, 'engine.ground', self.invalid)
        texts = [_phrase(fields, where) for fields, where in zip(found.fields, found.where)]
        kept = [number for number, text in enumerate(texts) if text]
        return Grounded(found.boxes[kept], np.ones(len(kept), np.float32), [texts[number] for number in kept],
                        found.invalid + texts.count(''), [found.numbers[number] for number in kept])


def _phrase(fields: Dict[str, Any], where: str) -> Optional[str]:
    """The phrase, '' for an empty one, None for a region that has only tags."""
    if 'phrase' not in fields and fields.get('tags'):
        return None
    if not isinstance(fields.get('phrase'), str):
        raise UserError(f'{where}: {fields!r} has no phrase.')
    return fields['phrase'].strip()

"""Tags that are there already."""
from typing import Any, Dict, List

import numpy as np

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..text_file import TextFiles
from ..text_regions import read_regions
from .base import Tagged, Tagger


@ENGINE_STAGES.register_module()
class AnnotatedTags(Tagger):
    """Tags of images and of regions out of files of JSON lines, see :class:`~mmrice.data_engine.text_file.TextFile`.

    Regions are those of the file, whether they have a phrase or not; one that has gets the same box from
    :class:`~mmrice.data_engine.grounders.AnnotatedPhrases`.

    Args:
        files: Source name of ingest -> path. Images of other sources, or without a line, get no tags.
        invalid: 'drop' counts and leaves out boxes that are inverted or outside their image, 'error' stops at them.

    Example:
        >>> tag = dict(type='mmrice.AnnotatedTags', files=dict(cc3m='data/cc3m.jsonl'))
    """

    def __init__(self, files: Dict[str, str], invalid: str = 'drop') -> None:
        super().__init__()
        if invalid not in ('drop', 'error'):
            raise UserError(f"engine.tag.invalid is {invalid!r}, expected 'drop' or 'error'.")
        self.files, self.invalid = TextFiles(files, 'engine.tag.files'), invalid

    def fingerprint(self) -> List[str]:
        """Contents of the files."""
        return self.files.fingerprint()

    def __call__(self, images: List[np.ndarray], records: List[Dict[str, Any]], captions: List[List[str]],
                 regions: List[List[Dict[str, Any]]]) -> List[Tagged]:
        """See :meth:`Tagger.__call__`; all scores are one."""
        return [self._read(record) for record in records]

    def _read(self, record: Dict[str, Any]) -> Tagged:
        found = read_regions(self.files, record, 'engine.tag', self.invalid)
        names = [_names(fields, where) for fields, where in zip(found.fields, found.where)]
        image = _names(self.files.find(record), f'{self.files.paths.get(record["source"])}: {record["file"]}')
        return Tagged(image, found.boxes, np.ones(len(names), np.float32), names, found.invalid, found.numbers)


def _names(fields: Dict[str, Any], where: str) -> List[str]:
    names = fields.get('tags') or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UserError(f'{where}: tags is {names!r}, expected a list of names.')
    return names

"""Captions that are there already."""
from typing import Any, Dict, List

import numpy as np

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..text_file import TextFiles
from .base import Captioner


@ENGINE_STAGES.register_module()
class AnnotatedCaptions(Captioner):
    """Captions out of files of JSON lines, see :class:`~mmrice.data_engine.text_file.TextFile`.

    Args:
        files: Source name of ingest -> path. Images of other sources, or without a line, get no caption.

    Example:
        >>> caption = dict(type='mmrice.AnnotatedCaptions', files=dict(scenes='data/mini/scenes/text/train.jsonl'))
    """

    def __init__(self, files: Dict[str, str]) -> None:
        super().__init__()
        self.files = TextFiles(files, 'engine.caption.files')

    def fingerprint(self) -> List[str]:
        """Contents of the files."""
        return self.files.fingerprint()

    def __call__(self, images: List[np.ndarray], records: List[Dict[str, Any]]) -> List[List[str]]:
        """See :meth:`Captioner.__call__`."""
        return [self._captions(record) for record in records]

    def _captions(self, record: Dict[str, Any]) -> List[str]:
        given = self.files.find(record).get('caption') or []
        captions = [given] if isinstance(given, str) else given
        if not isinstance(captions, list) or not all(isinstance(caption, str) for caption in captions):
            raise UserError(f'{self.files.paths[record["source"]]}: caption of {record["file"]} is {given!r}, expected '
                            'a text or a list of texts.')
        return captions


@ENGINE_STAGES.register_module()
class SourceCaptions(Captioner):
    """The text that came with an image, as the alt-texts of WebDataset tars."""

    def __init__(self) -> None:
        super().__init__()

    def __call__(self, images: List[np.ndarray], records: List[Dict[str, Any]]) -> List[List[str]]:
        """See :meth:`Captioner.__call__`."""
        return [[record['caption']] if 'caption' in record else [] for record in records]

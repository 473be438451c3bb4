"""The vocabulary of a build: all lines that were read -> the classes of OCR regions."""
from typing import Any, Optional, Sequence

from .workspace import Workspace, digest, read_json, write_json


def write_vocabulary(space: Workspace, vocabulary: Optional[Any], shards: Sequence[str]) -> str:
    """Write ``ocr_vocab.json`` from all lines that were read (no file without OCR); returns the digest of the words."""
    path = space.root / 'ocr_vocab.json'
    if vocabulary is None:
        if path.is_file():
            space.mark_unfinished()
            path.unlink()
        return ''
    words = vocabulary.build(line['text'] for shard in shards for lines in read_json(space.work(shard, 'ocr', 'json'))
                             for line in lines)
    if not path.is_file() or read_json(path) != words:
        space.mark_unfinished()
        write_json(path, words)
    return digest(words)

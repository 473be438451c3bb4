"""The vocabulary of a build: all lines that were read -> the classes of OCR regions."""
from typing import Any, Optional, Sequence

from .workspace import Workspace, digest, read_json, write_json


def write_vocabulary(space: Workspace, vocabulary: Optional[Any], shards: Sequence[str], config: str,
                     inputs: Sequence[str]) -> str:
    """Bring ``ocr_vocab.json`` up to date: the names of the classes, in their order; no file without OCR.

    Args:
        space: Of the build.
        vocabulary: The part, or None without OCR. Its ``build`` gets the text of every line, one after the other.
        shards: Of the build.
        config: Hash of all settings that the vocabulary depends on.
        inputs: Digests of the lines.

    Returns:
        str: Digest of the file, '' without OCR.
    """
    path = space.root / 'ocr_vocab.json'
    if vocabulary is None:
        if path.is_file():
            space.mark_unfinished()
            path.unlink()
        return ''
    stamp, read = space.read_stamp('vocabulary'), [digest(list(inputs))]
    if stamp is None or (stamp.config, stamp.inputs) != (config, read) or not space.intact(stamp):
        space.mark_unfinished()
        write_json(path, vocabulary.build(
            line['text'] for shard in shards for lines in read_json(space.work(shard, 'ocr', 'json'))
            for line in lines))
        stamp = space.write_stamp('vocabulary', 'all', config, read, [path], {})
    return stamp.digests()[0]

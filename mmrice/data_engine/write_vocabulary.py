"""The vocabularies of a build: all lines that were read, and all tags -> the classes of OCR regions and of tags."""
from typing import Any, Iterator, Optional, Sequence, Set

from .workspace import Workspace, digest, read_json, write_json

FILES = {'vocabulary': 'ocr_vocab.json', 'tag_vocabulary': 'tag_vocab.json'}  # by the name of the stamp


def write_vocabulary(space: Workspace, vocabulary: Optional[Any], shards: Sequence[str], config: str,
                     inputs: Sequence[str], name: str = 'vocabulary') -> str:
    """Bring a file of :data:`FILES` up to date: the names of the classes, in their order; no file without the part.

    Args:
        space: Of the build.
        vocabulary: The part, or None without OCR, or without tags. Its ``build`` gets the text of every line, or the
            tags of every image, one after the other.
        shards: Of the build.
        config: Hash of all settings that the vocabulary depends on.
        inputs: Digests of the lines or tags.
        name: Which of :data:`FILES`.

    Returns:
        str: Digest of the file, '' without the part.
    """
    path = space.root / FILES[name]
    if vocabulary is None:
        if path.is_file():
            space.mark_unfinished()
            path.unlink()
        return ''
    stamp, read = space.read_stamp(name), [digest(list(inputs))]
    if stamp is None or (stamp.config, stamp.inputs) != (config, read) or not space.intact(stamp):
        space.mark_unfinished()
        write_json(path, vocabulary.build((_texts if name == 'vocabulary' else _tags)(space, shards)))
        stamp = space.write_stamp(name, 'all', config, read, [path], {})
    return stamp.digests()[0]


def _texts(space: Workspace, shards: Sequence[str]) -> Iterator[str]:
    return (line['text'] for shard in shards for lines in read_json(space.work(shard, 'ocr', 'json')) for line in lines)


def _tags(space: Workspace, shards: Sequence[str]) -> Iterator[Set[str]]:
    return ({*one['image'], *(name for region in one['regions'] for name in region['tags'])}
            for shard in shards for one in read_json(space.work(shard, 'tag', 'json')))

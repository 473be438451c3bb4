"""Ocr: images -> lines of text."""
from typing import Any

from ..images import decode_jpeg
from ..workspace import Workspace, read_tar, write_json
from .job import Done


def ocr_shard(reader: Any, space: Workspace, shard: str, _: None) -> Done:
    """Write ``ocr.json``: the lines of each image in the order of the tar."""
    lines = [reader(decode_jpeg(jpeg)) for _, jpeg in read_tar(space.tar(shard))]
    output = space.work(shard, 'ocr', 'json')
    write_json(output, lines)
    return [output], {'lines': sum(map(len, lines))}

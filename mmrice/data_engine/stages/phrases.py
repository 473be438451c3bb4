"""Phrases: captions -> what to look for in the images."""
from typing import Any

from ..ticks import tick
from ..workspace import Workspace, read_json, write_json
from .job import Done


def phrases_shard(extractor: Any, space: Workspace, shard: str, _: None) -> Done:
    """Write ``phrases.json``: the phrases of each image in the order of the tar."""
    phrases = []
    for captions in read_json(space.work(shard, 'caption', 'json')):
        phrases.append(extractor(captions))
        tick()
    output = space.work(shard, 'phrases', 'json')
    write_json(output, phrases)
    return [output], {'phrases': sum(map(len, phrases)), 'images_without_phrase': phrases.count([])}

"""Phrases of things without their places: a Prompter knows the box, and from a place it need not look at the image."""
import json
from pathlib import Path

from mmrice.datasets.mini.captions import place_of
from mmrice.utils import UserError, atomic_write


def write_phrases(scenes: Path) -> int:
    """Write ``text/train_things.jsonl`` beside ``text/train.jsonl``: 'a goose' for 'a goose at the top left'.

    Args:
        scenes: Folder of scenes of the mini data.

    Returns:
        int: Number of phrases.

    Raises:
        UserError: There are no scenes, or a phrase does not end with its place.
    """
    source, count = scenes / 'text' / 'train.jsonl', 0
    annotations = scenes / 'annotations' / 'train.json'
    for path in (source, annotations):
        if not path.is_file():
            raise UserError(f'{path}: no such file. Build the scenes with tools/dataset_converters/prepare_mini.py.')
    size = json.loads(annotations.read_text(encoding='utf-8'))['images'][0]['width']
    with atomic_write(source.with_name('train_things.jsonl'), encoding='utf-8') as stream:
        for number, line in enumerate(source.read_text(encoding='utf-8').splitlines(), start=1):
            entry = json.loads(line)
            for region in entry['regions']:
                place = f' {place_of(region["box"], size)}'
                if not region['phrase'].endswith(place):
                    raise UserError(f'{source}, line {number}: phrase {region["phrase"]!r} does not end with '
                                    f'{place!r}.')
                region['phrase'] = region['phrase'][:-len(place)]
            count += len(entry['regions'])
            stream.write(json.dumps(entry) + '\n')
    return count

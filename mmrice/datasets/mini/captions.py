"""Captions and region phrases, written from what is in a scene."""
from typing import Dict, List

import numpy as np

from .annotate import encode_mask
from .backgrounds import STUFF
from .scene import Scene, box_of

_NUMBERS = ('no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight')
_PLURALS = {'man': 'men', 'woman': 'women', 'person': 'people', 'bus': 'buses', 'strawberry': 'strawberries',
            'goose': 'geese', 'ibis': 'ibises', 'man in a hat': 'men in hats', 'man in a cap': 'men in caps',
            'cup of coffee': 'cups of coffee', 'box of notes': 'boxes of notes', 'box of cards': 'boxes of cards'}


def with_article(name: str) -> str:
    """Return the name with 'a' or 'an'."""
    return f'{"an" if name[0] in "aeiou" else "a"} {name}'


def counted(name: str, count: int) -> str:
    """Return 'a coin', 'two coins', ..."""
    if count == 1:
        return with_article(name)
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    return f'{number} {_PLURALS.get(name, name + "s")}'


def listed(parts: List[str]) -> str:
    """Return 'x', 'x and y' or 'x, y and z'."""
    return parts[0] if len(parts) == 1 else f'{", ".join(parts[:-1])} and {parts[-1]}'


def place_of(box: List[int], size: int) -> str:
    """Return where a box is, as 'at the top left', 'in the middle', ...

    Args:
        box: xyxy in pixels.
        size: Side of the image in pixels.
    """
    column = min(2, int(1.5 * (box[0] + box[2]) / size))
    row = min(2, int(1.5 * (box[1] + box[3]) / size))
    if (column, row) == (1, 1):
        return 'in the middle'
    words = [word for word in (('top', '', 'bottom')[row], ('left', '', 'right')[column]) if word]
    return f'at the {" ".join(words)}'


def caption_of(scene: Scene) -> str:
    """Return one sentence that names all objects, stuff and words of a scene."""
    counts: Dict[str, int] = {}
    for thing in scene.things:
        if thing.label != 'text':
            counts[thing.name] = counts.get(thing.name, 0) + 1
    words = [f'"{thing.name}"' for thing in scene.things if thing.label == 'text']
    # Only stuff that is still seen.
    kinds = sorted(set(scene.stuff[scene.owner == 0].tolist()))
    ground = ' and '.join(STUFF[kind] for kind in kinds) or 'no background'
    things = [counted(name, count) for name, count in counts.items()]
    caption = f'{listed(things)} in front of {ground}' if things else ground
    if words:
        caption += f', with the word{"s" if len(words) > 1 else ""} {listed(words)}'
    return caption[0].upper() + caption[1:] + '.'


def named(label: str, name: str) -> str:
    """Return 'a coin', or 'the word "EXIT"', for a thing of a class."""
    return f'the word "{name}"' if label == 'text' else with_article(name)


def phrases_of(scene: Scene) -> List[Dict]:
    """Return ``{'box': xyxy in pixels, 'category', 'phrase'}`` of each thing."""
    phrases = []
    for number, thing in enumerate(scene.things):
        box = box_of(scene.mask(number))
        phrase = f'{named(thing.label, thing.name)} {place_of(box, scene.owner.shape[1])}'
        phrases.append(dict(box=box, category=thing.label, phrase=phrase))
    return phrases


def masked_phrases_of(scene: Scene, min_share: float = 0.01) -> List[Dict]:
    """Return what :func:`phrases_of` does, then the same of each kind of stuff, with ``mask``: COCO's compressed RLE.

    Args:
        scene: The scene.
        min_share: Of the image that a kind of stuff covers, at least.
    """
    phrases = [dict(phrase, mask=encode_mask(scene.mask(number))) for number, phrase in enumerate(phrases_of(scene))]
    free = scene.owner == 0
    for kind in np.unique(scene.stuff[free]).tolist():
        mask = free & (scene.stuff == kind)
        if mask.mean() >= min_share:
            box = box_of(mask)
            phrases.append(dict(box=box, category=STUFF[kind], mask=encode_mask(mask),
                                phrase=f'{STUFF[kind]} {place_of(box, scene.owner.shape[1])}'))
    return phrases


def words_of(scene: Scene) -> List[Dict]:
    """Return ``{'box', 'polygon', 'text'}`` of each word: xyxy of what is seen, and the corners of its plate."""
    return [dict(box=box_of(scene.mask(number)), polygon=[round(float(value), 2) for value in thing.polygon.ravel()],
                 text=thing.name)
            for number, thing in enumerate(scene.things) if thing.label == 'text']

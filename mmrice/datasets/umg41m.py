"""UMG-41M's annotations: folders with one JSON an image, the image beside it.

That much its dataset card says (Hugging Face, lygsbw/UMG-41M); the fields of a JSON it shows in a picture only. Which
field is what is therefore given by a mapping.
"""
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence

from mmrice.utils import UserError, atomic_write

OF_IMAGE = ('caption', 'tags', 'regions')
OF_REGION = ('box', 'phrase', 'region_tags', 'mask')
BOXES = ('xyxy', 'xywh')
_IMAGES = ('.png', '.jpg', '.jpeg', '.webp')
_MISSING = object()


class Mapping(NamedTuple):
    """Which field of a JSON is what.

    Attributes:
        fields: One of :data:`OF_IMAGE` or :data:`OF_REGION` -> names of fields, with dots for objects in objects;
            those of a region begin at the region. What several names find is put together.
        boxes: One of :data:`BOXES`, px.
        skip_missing: Leave out what a JSON lacks, and count it, instead of stopping.
    """
    fields: Dict[str, List[str]]
    boxes: str = 'xyxy'
    skip_missing: bool = False


def parse_fields(pairs: Sequence[str]) -> Dict[str, List[str]]:
    """Read ``caption=texts.caption``, ``regions=things,stuff``.

    Raises:
        UserError: A pair is wrong, a field of a region is given without ``regions``, or these have neither box nor
            mask.
    """
    fields: Dict[str, List[str]] = {}
    for pair in pairs:
        ours, _, theirs = pair.partition('=')
        names = [name for name in theirs.split(',') if name]
        if ours not in (*OF_IMAGE, *OF_REGION) or not names or ours in fields:
            raise UserError(f'--fields {pair}: expected OURS=THEIRS, each once, where OURS is one of '
                            f'{", ".join((*OF_IMAGE, *OF_REGION))}.')
        fields[ours] = names
    for name in OF_REGION:
        if name in fields and 'regions' not in fields:
            raise UserError(f'--fields {name} belongs to a region: say which field is the list of regions, too: '
                            'regions=THEIRS.')
    if 'regions' in fields and not {'box', 'mask'} & set(fields):
        raise UserError('--fields regions needs box=THEIRS or mask=THEIRS, the names inside of a region.')
    return fields


def find_jsons(root: Path) -> Iterator[Path]:
    """The JSON files below a folder, in order: those of a folder before those of the folders in it, of which one at a
    time is in memory.

    Raises:
        UserError: There is none.
    """
    empty = True
    for folder, inner, files in os.walk(root):
        inner.sort()
        for name in sorted(files):
            if name.endswith('.json'):
                empty = False
                yield Path(folder, name)
    if empty:
        raise UserError(f'{root}: no .json in it; expected the unpacked zips of UMG-41M, folders with one JSON an '
                        'image.')


def describe(value: Any, name: str = '') -> Iterator[str]:
    """Names of all fields of a JSON with what they hold, as :class:`Mapping` writes them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from describe(inner, f'{name}.{key}' if name else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield f'{name}: list of {len(value)} objects with {", ".join(value[0])}'
    else:
        yield f'{name}: {json.dumps(value, ensure_ascii=False)[:60]}'


def convert(root: Path, mapping: Mapping, out: Path) -> Dict[str, int]:
    """Write the JSON lines that the data engine reads, see :class:`~mmrice.data_engine.text_file.TextFile`.

    Args:
        root: Folder of the annotations; names of images begin below it.
        mapping: Which field is what.
        out: The file, written at once or not at all.

    Returns:
        dict: How many images, captions, regions, regions left out because they have no box, or neither phrase nor tags,
        missing fields, and JSONs without an image beside them.

    Raises:
        UserError: A JSON is broken, a field is missing, or holds something else.
    """
    counts: Counter = Counter(images=0, captions=0, regions=0, left_out=0, missing=0, without_image=0)
    with atomic_write(out, encoding='utf-8') as stream:
        for path in find_jsons(root):
            line = _Entry(path, mapping, counts).line(root)
            stream.write(json.dumps(line, ensure_ascii=False) + '\n')
    return dict(counts)


class _Entry:
    """One JSON."""

    def __init__(self, path: Path, mapping: Mapping, counts: Counter) -> None:
        self.path, self.mapping, self.counts = path, mapping, counts
        try:
            self.content = json.loads(path.read_text(encoding='utf-8'))
        except ValueError as error:
            raise UserError(f'{path}: not valid JSON ({error}).') from error

    def line(self, root: Path) -> Dict[str, Any]:
        """What the file says, in the engine's words."""
        image = next((self.path.with_suffix(end) for end in _IMAGES if self.path.with_suffix(end).is_file()), None)
        self.counts['without_image'] += image is None
        name = os.path.relpath(image or self.path.with_suffix('.png'), root)
        fields = self.mapping.fields
        captions = self.texts(self.content, 'caption', '') if 'caption' in fields else []
        regions = [line for number, region in enumerate(self.regions())
                   for line in self.region(region, f'region {number}: ')]
        self.counts.update(images=1, captions=len(captions), regions=len(regions))
        return {'file_name': Path(name).as_posix(), 'caption': captions, 'tags': self.texts(self.content, 'tags', ''),
                'regions': regions}

    def regions(self) -> List[Any]:
        """The regions of all lists."""
        found = []
        for value, name in self.values(self.content, 'regions', ''):
            if not isinstance(value, list):
                raise self.wrong(name, value, 'a list of regions')
            found += value
        return found

    def region(self, region: Any, where: str) -> List[Dict[str, Any]]:
        """A region as one line a phrase, or one with tags alone; none, and counted, without box or without words."""
        masks = [value for value, _ in self.values(region, 'mask', where) if value]
        boxes = [self.box(value, f'{where}{name}') for value, name in self.values(region, 'box', where)]
        boxes = boxes or [self.extent(mask, where) for mask in masks[:1]]
        tags, phrases = (self.texts(region, name, where) for name in ('region_tags', 'phrase'))
        if not boxes or not (tags or phrases):
            self.counts['left_out'] += 1
            return []
        line = {'box': boxes[0], **({'mask': masks[0]} if masks else {})}
        first = {**line, **({'tags': tags} if tags else {}), **({'phrase': phrases[0]} if phrases else {})}
        return [first, *({**line, 'phrase': phrase} for phrase in phrases[1:])]

    def box(self, value: Any, where: str) -> List[float]:
        """A box as xyxy."""
        try:
            a, b, c, d = (float(number) for number in value)
        except (TypeError, ValueError) as error:
            raise self.wrong(where, value, 'four numbers') from error
        return [a, b, c, d] if self.mapping.boxes == 'xyxy' else [a, b, a + c, b + d]

    def extent(self, mask: Any, where: str) -> List[float]:
        """The box of a mask."""
        from mmrice.data_engine.maskers.coco_masks import decode_segmentation
        try:
            if not isinstance(mask, dict):  # polygons: their points say it
                xs, ys = ([float(value) for ring in mask for value in ring[start::2]] for start in (0, 1))
                return [min(xs), min(ys), max(xs), max(ys)]
            rows, columns = decode_segmentation(mask, (0, 0)).nonzero()
            return [float(value) for value in (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)]
        except (TypeError, ValueError) as error:
            raise self.wrong(f'{where}{self.mapping.fields["mask"][0]}', mask, "COCO's RLE or polygons") from error

    def texts(self, value: Any, ours: str, where: str) -> List[str]:
        """Texts of a field, or of a list in it."""
        found: List[str] = []
        for texts, name in self.values(value, ours, where):
            texts = [texts] if isinstance(texts, str) else texts
            if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
                raise self.wrong(f'{where}{name}', texts, 'a text or a list of texts')
            found += [text.strip() for text in texts if text.strip()]
        return found

    def values(self, value: Any, ours: str, where: str) -> Iterator[Any]:
        """What each of the names that stand for ``ours`` holds, with the name; null is nothing, and not missing."""
        for name in self.mapping.fields.get(ours, ()):
            inner = value
            for key in name.split('.'):
                inner = inner.get(key, _MISSING) if isinstance(inner, dict) else _MISSING
            if inner is not _MISSING:
                if inner is not None:
                    yield inner, name
            elif self.mapping.skip_missing:
                self.counts['missing'] += 1
            else:
                raise UserError(f'{self.path}: {where}no field {name!r} (--fields {ours}). Name another one, or leave '
                                'out what is missing with --skip-missing.')

    def wrong(self, where: str, value: Any, expected: str) -> UserError:
        """An error about a field."""
        return UserError(f'{self.path}: {where} is {json.dumps(value)[:80]}, expected {expected}.')

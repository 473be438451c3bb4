"""How good the OCR regions of a build are: compared with words that are known.

Texts are cut into lower-cased words as :class:`.vocabulary.WordVocabulary` does, on both sides. A word that was read is
right where the same word is known in that image and, if its box is known, the boxes overlap; each known word is found
once. The box of a region is compared with the hull of the known words that it reads.
"""
import json
from pathlib import Path
from typing import Any, Container, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from mmrice.datasets.shard_format import read_meta, read_regions, regions_path
from mmrice.utils import UserError

from .boxes import pairwise_iou
from .vocabulary import split_words
from .workspace import Workspace, read_json

HEIGHTS = (0, 16, 24, 32, 48, float('inf'))  # of boxes, px in the source image

Text = Tuple[str, Optional[Sequence[float]]]  # what it says, and its box (xyxy, px) where that is known


class Truth(NamedTuple):
    """What is known: the words of each file, and whether these are all, each with its box."""
    complete: bool
    images: Dict[str, List[Text]]


class Known(NamedTuple):
    """A known word: height of its box (None without), whether it was read, and IoU of the region that reads it."""
    word: str
    height: Optional[float]
    found: bool
    iou: Optional[float]


class Read(NamedTuple):
    """A word that was read: height of its region, whether it is right, and whether its region meets no known box (None
    where not all words are known)."""
    word: str
    height: float
    right: Optional[bool]
    elsewhere: Optional[bool]


def read_truth(path: Path) -> Truth:
    """Read the known words of some images.

    Args:
        path: JSON lines ``{"file_name": ..., "words": [{"text": ..., "box": [x1, y1, x2, y2]}, ...]}`` with all words
            of each image, or one JSON object ``{file name: [word, ...]}`` with some of them.

    Raises:
        UserError: The file is missing or of neither form.
    """
    if not path.is_file():
        raise UserError(f'{path}: no such file of known words.')
    try:
        if path.suffix != '.jsonl':
            content = read_json(path).items()
            return Truth(False, {str(name): [(str(text), None) for text in texts] for name, texts in content})
        lines = [json.loads(line) for line in path.read_text(encoding='utf-8').splitlines() if line.strip()]
        return Truth(True, {line['file_name']: [(word['text'], [float(x) for x in word['box']])
                                                for word in line['words']] for line in lines})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(f'{path}: not in the form of known words ({type(error).__name__}: {error}). Expected .jsonl '
                        'with file_name and words (text, box) a line, or .json with {file: [word, ...]}.') from error


def regions_by_image(root: Path, wanted: Dict[str, Container[str]]) -> Iterator[Tuple[str, str, List[Text]]]:
    """Yield source, file and OCR regions of the wanted images of a build, shard by shard.

    Args:
        root: Folder in which the build ran.
        wanted: source -> the files that are wanted of it.

    Yields:
        tuple: Boxes are in px of the source image.

    Raises:
        UserError: The build is not finished, or its notes of the ingest stage are gone.
    """
    read_meta(root)
    space = Workspace(root)
    for tar in sorted(root.glob('*.tar')):
        notes = space.work(tar.stem, 'ingest', 'json')
        if not notes.is_file():
            raise UserError(f'{notes}: no such file, so it is not known which image is which. Expected the folder in '
                            'which the build ran.')
        images = [image for image in read_json(notes)['images'] if image['file'] in wanted.get(image['source'], ())]
        regions = read_regions(regions_path(tar)) if images else {}
        for image in images:
            found = regions.get(image['key'], {'boxes': [], 'kinds': [], 'texts': []})
            scale = np.tile(np.divide(image['source_size'], image['size']), 2)
            yield image['source'], image['file'], [
                (text, (box * scale).tolist())
                for text, box, kind in zip(found['texts'], found['boxes'], found['kinds']) if kind == 'ocr']


def compare_image(known: Sequence[Text], regions: Sequence[Text], complete: bool) -> Tuple[List[Known], List[Read]]:
    """Compare the words of one image.

    Args:
        known: Words or lines.
        regions: Read lines, all with boxes.
        complete: ``known`` is all that the image says, and has boxes.

    Returns:
        tuple: Every known word and every read word, in the given order.
    """
    known_words = [(word, entry) for entry, (text, _) in enumerate(known) for word in split_words(text)]
    read_words = [(word, region) for region, (text, _) in enumerate(regions) for word in split_words(text)]
    known_boxes, read_boxes = _boxes(known, complete), _boxes(regions, True)
    iou = pairwise_iou(read_boxes, known_boxes) if complete else np.ones((len(regions), len(known)))
    pairs = sorted((-iou[region, entry], r, k) for r, (read, region) in enumerate(read_words)
                   for k, (word, entry) in enumerate(known_words) if read == word and iou[region, entry] > 0)
    read_by: Dict[int, int] = {}  # known word -> read word, best overlap first
    for _, r, k in pairs:
        if k not in read_by and r not in read_by.values():
            read_by[k] = r
    fit: Dict[int, float] = {}  # known word -> IoU of its region with all that this region reads
    for k, r in read_by.items() if complete else ():
        region = read_words[r][1]
        own = [known_words[other][1] for other, reader in read_by.items() if read_words[reader][1] == region]
        hull = np.concatenate([known_boxes[own, :2].min(0), known_boxes[own, 2:].max(0)])
        fit[k] = float(pairwise_iou(read_boxes[region][None], hull[None])[0, 0])
    right = set(read_by.values())
    return ([Known(word, float(np.ptp(known_boxes[entry, 1::2])) if complete else None, k in read_by, fit.get(k))
             for k, (word, entry) in enumerate(known_words)],
            [Read(word, float(np.ptp(read_boxes[region, 1::2])), r in right if complete else None,
                  not iou[region].any() if complete else None) for r, (word, region) in enumerate(read_words)])


def _boxes(texts: Sequence[Text], given: bool) -> np.ndarray:
    """Boxes of some texts, shape (N, 4), float32; none unless they are given."""
    return np.array([box for _, box in texts] if given else [], np.float32).reshape(-1, 4)


def summarise(known: Sequence[Known], read: Sequence[Read]) -> Dict[str, Any]:
    """Counts, and recall, precision and mean IoU in percent; None for what cannot be said."""
    found, ious = sum(k.found for k in known), [k.iou for k in known if k.iou is not None]
    judged = [r for r in read if r.right is not None]
    return {'known': len(known), 'found': found, 'read': len(read),
            'elsewhere': sum(r.elsewhere for r in judged) if judged else None,
            'recall': _percent(found, len(known)), 'precision': _percent(sum(r.right for r in judged), len(judged)),
            'iou': _percent(sum(ious), len(ious))}


def summarise_by_height(known: Sequence[Known], read: Sequence[Read]) -> List[Dict[str, Any]]:
    """:func:`summarise` for each range of :data:`HEIGHTS`; known words by their own boxes, read ones by theirs."""
    rows = []
    for low, high in zip(HEIGHTS, HEIGHTS[1:]):
        row = summarise([k for k in known if k.height is not None and low <= k.height < high],
                        [r for r in read if r.right is not None and low <= r.height < high])
        if row['known'] or row['read']:
            rows.append({'height': f'{low} px and more' if high == float('inf') else f'{low} to {high} px', **row})
    return rows


def _percent(part: float, whole: int) -> Optional[float]:
    return round(100 * part / whole, 1) if whole else None

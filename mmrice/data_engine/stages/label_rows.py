"""What each kind of regions adds to the table of a shard."""
import functools
from itertools import chain
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..clustering.clusters import Clusters, load_clusters
from ..parts import build_part
from ..workspace import Workspace, digest, read_json

_vocabularies: Dict[str, Any] = {}

Masks = Optional[List[Dict[str, List[str]]]]  # of each image, of the regions of each stage; None without stage mask


class Rows(NamedTuple):
    """Regions of one kind, in the order of the images.

    Attributes:
        kind: Of all.
        image: Number of the image of each, int64, shape (R,).
        boxes: xyxy, px, shape (R, 4).
        scores: shape (R,).
        labels: Of all regions, one after the other, int32.
        num_labels: Of each, int64, shape (R,).
        texts: R texts; None stands for empty ones.
        masks: R masks as COCO's RLE; None stands for none.
    """
    kind: str
    image: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    num_labels: np.ndarray
    texts: Optional[List[str]] = None
    masks: Optional[List[str]] = None


def proposed_rows(clusterer: Any, space: Workspace, shard: str, extra: Dict[str, Any]) -> Rows:
    """The proposed regions, each with its nearest centres."""
    top_k = extra['top_k'] or 1
    features = np.load(space.work(shard, 'embed', 'npy'), mmap_mode='r')
    labels = np.zeros((0, top_k), np.int32)
    if len(features):
        labels = clusterer.assign(features, _clusters(space.root, extra['centers']), top_k, extra['assign'])
    with np.load(space.work(shard, 'propose', 'npz')) as proposals:
        boxes, scores, per_image = proposals['boxes'], proposals['scores'], proposals['counts']
    return Rows(extra['kind'], np.repeat(np.arange(len(per_image)), per_image), boxes, scores, labels.ravel(),
                np.full(len(boxes), top_k))


@functools.lru_cache(maxsize=1)
def _clusters(root: Path, version: str) -> Clusters:
    return load_clusters(Workspace(root))


def line_rows(space: Workspace, shard: str, config: Any) -> Tuple[Rows, int]:
    """The lines with a known word, and how many lines have none.

    Args:
        space: Of the build.
        shard: '000000', ...
        config: Of the vocabulary.
    """
    vocabulary, total = _vocabulary(config), 0
    index = {word: number for number, word in enumerate(read_json(space.root / 'ocr_vocab.json'))}
    kept, label_lists = [], []
    for number, lines in enumerate(read_json(space.work(shard, 'ocr', 'json'))):
        total += len(lines)
        for line in lines:
            of_line = vocabulary.labels(line['text'], index)
            if of_line:
                kept.append((number, line))
                label_lists.append(of_line)
    return worded('ocr', kept, label_lists), total - len(kept)


def _vocabulary(config: Dict[str, Any]) -> Any:
    """The vocabulary of a config, built once a process."""
    name = digest(config)
    if name not in _vocabularies:
        _vocabularies[name] = build_part(config, 'label.vocabulary')
    return _vocabularies[name]


def caption_rows(space: Workspace, shard: str) -> Rows:
    """The captions; their box is the image."""
    sizes = [record['size'] for record in read_json(space.work(shard, 'ingest', 'json'))['images']]
    captions = read_json(space.work(shard, 'caption', 'json'))
    return worded('caption', [(number, {'box': [0, 0, *sizes[number]], 'score': 1, 'text': text})
                               for number, texts in enumerate(captions) for text in texts])


def phrase_rows(space: Workspace, shard: str, masks: Masks = None) -> Rows:
    """The phrases with their boxes."""
    found = with_masks(read_json(space.work(shard, 'ground', 'json')), 'ground', masks)
    return worded('text', [(number, region) for number, regions in enumerate(found) for region in regions])


def with_masks(found: List[List[Dict[str, Any]]], stage: str, masks: Masks) -> List[List[Dict[str, Any]]]:
    """The regions that a stage found in each image, with the masks that stage mask found for them."""
    if masks is None:
        return found
    return [[{**region, 'mask': mask} for region, mask in zip(regions, of_image[stage])]
            for regions, of_image in zip(found, masks)]


def worded(kind: str, regions: List[Tuple[int, Dict[str, Any]]], labels: Sequence[List[int]] = ()) -> Rows:
    """Rows of (number of the image, ``{'box', 'score', 'text'}``), perhaps with ``'mask'``."""
    masks = [region.get('mask', '') for _, region in regions]
    return Rows(kind, np.array([number for number, _ in regions], np.int64),
                np.array([region['box'] for _, region in regions], np.float32).reshape(-1, 4),
                np.array([region['score'] for _, region in regions], np.float32),
                np.fromiter(chain.from_iterable(labels), np.int32),
                np.array([len(of_one) for of_one in labels] or [0] * len(regions), np.int64),
                [region['text'] for _, region in regions], masks if any(masks) else None)

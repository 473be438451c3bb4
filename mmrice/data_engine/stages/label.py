"""Label: vectors and lines -> the regions that training reads."""
import functools
from itertools import chain
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
import pyarrow as pa

from mmrice.datasets.shard_format import KINDS, index_tar, regions_path, write_region_table

from ..clustering.clusters import Clusters, load_clusters
from ..parts import build_part
from ..workspace import Workspace, digest, read_json
from .job import Done

_vocabularies: Dict[str, Any] = {}


def _vocabulary(config: Dict[str, Any]) -> Any:
    """The vocabulary of a config, built once a process."""
    name = digest(config)
    if name not in _vocabularies:
        _vocabularies[name] = build_part(config, 'label.vocabulary')
    return _vocabularies[name]


@functools.lru_cache(maxsize=1)
def _clusters(root: Path, version: str) -> Clusters:
    return load_clusters(Workspace(root))


def label_shard(clusterer: Any, space: Workspace, shard: str, extra: Dict[str, Any]) -> Done:
    """Write the parquet: nearest centre of each object region, or the nearest ones of each image; words of each OCR
    region. Regions are in the order of the images; those of an image as they were proposed, then its lines.

    The counts have for each set of kinds the number of images with exactly these, e.g. ``images[object+ocr]``.
    """
    kind, top_k = extra['kind'], extra['top_k'] or 1
    features = np.load(space.work(shard, 'embed', 'npy'), mmap_mode='r')
    labels = np.zeros((0, top_k), np.int32)
    if len(features):
        labels = clusterer.assign(features, _clusters(space.root, extra['centers']), top_k, extra['assign'])
    with np.load(space.work(shard, 'propose', 'npz')) as proposals:
        boxes, scores, per_image = proposals['boxes'], proposals['scores'], proposals['counts']
    keys = list(index_tar(space.tar(shard)))
    lines, label_lists, num_lines = _labelled_lines(space, shard, extra['vocabulary'])

    image = np.concatenate([np.repeat(np.arange(len(keys)), per_image), [number for number, _ in lines]]).astype(int)
    order = np.argsort(image, kind='stable')
    ends = np.cumsum(np.concatenate([[0], np.full(len(boxes), top_k), list(map(len, label_lists))]))
    values = np.concatenate([labels.ravel(), np.fromiter(chain.from_iterable(label_lists), np.int32)])
    is_line = np.arange(len(order)) >= len(boxes)
    output = regions_path(space.tar(shard))
    write_region_table(output, {
        'key': pa.array(keys, pa.string()).take(pa.array(image[order])),
        'box': np.concatenate([boxes, *([line['box']] for _, line in lines)], dtype=np.float32)[order],
        'kind': pa.array([kind, 'ocr']).take(pa.array(is_line[order].astype(int))),
        'score': np.concatenate([scores, [line['score'] for _, line in lines]], dtype=np.float32)[order],
        'labels': pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(values)).take(pa.array(order)),
        'text': pa.array(['', *(line['text'] for _, line in lines)]).take(
            pa.array(np.maximum(order - len(boxes) + 1, 0)))})
    with_line = np.bincount(image[is_line], minlength=len(keys)) > 0
    return [output], {kind: len(boxes), 'ocr': len(lines), 'dropped_ocr': num_lines - len(lines),
                      'images_without_regions': int(np.sum((per_image == 0) & ~with_line)),
                      **_images_by_kinds({kind: per_image > 0, 'ocr': with_line})}


def _labelled_lines(space: Workspace, shard: str, config: Any) -> Tuple[List[Tuple[int, dict]], List[List[int]], int]:
    """Lines with a known word, each with the number of its image; their labels; and how many lines there are."""
    if config is None:
        return [], [], 0
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
    return kept, label_lists, total


def _images_by_kinds(has: Dict[str, np.ndarray]) -> Dict[str, int]:
    """Kind -> whether each image has such a region; how many images have which set of kinds, '+' between them."""
    kinds = [name for name in KINDS if name in has]
    codes = sum(has[name].astype(int) << bit for bit, name in enumerate(kinds))
    counts = np.bincount(codes, minlength=1)
    return {f'images[{"+".join(name for bit, name in enumerate(kinds) if code >> bit & 1)}]': int(counts[code])
            for code in np.flatnonzero(counts) if code}

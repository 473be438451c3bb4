"""Label: vectors and lines -> the regions that training reads."""
import functools
from pathlib import Path
from typing import Any, Dict, List

import numpy as np

from mmrice.datasets.shard_format import index_tar, regions_path, write_regions

from ..clustering import Clusters
from ..vocabulary import word_labels
from ..workspace import Workspace, read_json
from .job import Done


@functools.lru_cache(maxsize=1)
def _clusters(root: Path, version: str) -> Clusters:
    projection = Workspace(root).root / 'projection.npz'
    fitted = None
    if projection.is_file():
        with np.load(projection) as arrays:
            fitted = dict(arrays)
    return Clusters(np.load(root / 'centers.npy'), fitted, {})


def label_shard(clusterer: Any, space: Workspace, shard: str, extra: Dict[str, Any]) -> Done:
    """Write the parquet: nearest centre of each object region, or the nearest ones of each image; words of each OCR
    region."""
    features = np.load(space.work(shard, 'embed', 'npy'))
    kind, top_k, labels = extra['kind'], extra['top_k'] or 1, []
    if len(features):
        labels = clusterer.assign(features, _clusters(space.root, extra['centers']), top_k).tolist()
    with np.load(space.work(shard, 'propose', 'npz')) as proposals:
        boxes, scores, ends = proposals['boxes'], proposals['scores'], np.cumsum(proposals['counts'])
    keys = list(index_tar(space.tar(shard)))
    lines = read_json(space.work(shard, 'ocr', 'json')) if extra['ocr'] else [[] for _ in keys]
    words = read_json(space.root / 'ocr_vocab.json') if extra['ocr'] else []
    index = {word: number for number, word in enumerate(words)}
    rows: List[Dict[str, Any]] = []
    counts = {kind: 0, 'ocr': 0, 'dropped_ocr': 0, 'images_without_regions': 0}
    for key, start, end, image_lines in zip(keys, [0, *ends], ends, lines):
        before = len(rows)
        for r in range(start, end):
            rows.append({'key': key, 'box': boxes[r].tolist(), 'kind': kind, 'score': float(scores[r]),
                         'labels': labels[r], 'text': ''})
        for line in image_lines:
            of_line = word_labels(line['text'], index)
            if of_line:
                rows.append({'key': key, 'box': line['box'], 'kind': 'ocr', 'score': line['score'], 'labels': of_line,
                             'text': line['text']})
        added = sum(row['kind'] == 'ocr' for row in rows[before:])
        counts[kind] += end - start
        counts['ocr'] += added
        counts['dropped_ocr'] += len(image_lines) - added
        counts['images_without_regions'] += len(rows) == before
    output = regions_path(space.tar(shard))
    write_regions(output, rows)
    return [output], {name: int(value) for name, value in counts.items()}

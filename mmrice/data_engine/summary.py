"""The steps that look at all shards at once: centres, vocabulary, rejects, meta."""
import json
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from mmrice.datasets.shard_format import SCHEMA_VERSION, write_meta
from mmrice.utils import UserError, atomic_path, atomic_write
from mmrice.version import __version__

from .workspace import Stamp, Workspace, digest, read_json, write_json

TOOL = 'tools/build_region_data.py'


def sample_embeddings(paths: Sequence[Path], most: int, seed: int) -> np.ndarray:
    """Read a random sample of the rows of several files, or all where there are no more.

    Args:
        paths: ``.npy`` files, shapes (R_i, D).
        most: Rows at most.
        seed: Of the choice.

    Returns:
        np.ndarray: In the order of the files, in their dtype.

    Raises:
        UserError: There is no row at all.
    """
    files = [np.load(path, mmap_mode='r') for path in paths]
    ends = np.cumsum([len(rows) for rows in files])
    total = int(ends[-1])
    if not total:
        raise UserError('no region was proposed in any image: lower engine.propose.min_edge, or take larger images.')
    chosen = np.arange(total)
    if total > most:
        chosen = np.sort(np.random.default_rng(seed).choice(total, most, replace=False))
    return np.concatenate([rows[chosen[(chosen >= end - len(rows)) & (chosen < end)] - (end - len(rows))]
                           for rows, end in zip(files, ends) if len(rows)])


def fit_clusters(space: Workspace, clusterer: Any, shards: Sequence[str]) -> Tuple[List[Path], Dict[str, int]]:
    """Write ``centers.npy``, ``clusters.json`` and, where embeddings are projected first, ``projection.npz``."""
    paths = [space.work(shard, 'embed', 'npy') for shard in shards]
    clusters = clusterer.fit(sample_embeddings(paths, clusterer.max_points, clusterer.seed))
    centers, report, projection = (space.root / name for name in ('centers.npy', 'clusters.json', 'projection.npz'))
    with atomic_path(centers) as temporary, open(temporary, 'wb') as stream:
        np.save(stream, clusters.centers)
    with atomic_write(report, encoding='utf-8') as stream:
        stream.write(json.dumps(clusters.report, indent=2, sort_keys=True) + '\n')
    outputs = [centers, report]
    projection.unlink(missing_ok=True)
    if clusters.projection is not None:
        with atomic_path(projection) as temporary, open(temporary, 'wb') as stream:
            np.savez(stream, **clusters.projection)
        outputs.append(projection)
    return outputs, {'clusters': len(clusters.centers), 'regions_seen': clusters.report['regions_seen']}


def write_vocabulary(space: Workspace, vocabulary: Optional[Any], shards: Sequence[str]) -> str:
    """Write ``ocr_vocab.json`` from all lines that were read (no file without OCR); returns the digest of the words."""
    path = space.root / 'ocr_vocab.json'
    if vocabulary is None:
        if path.is_file():
            space.mark_unfinished()
            path.unlink()
        return ''
    words = vocabulary.build(line['text'] for shard in shards for lines in read_json(space.work(shard, 'ocr', 'json'))
                             for line in lines)
    if not path.is_file() or read_json(path) != words:
        space.mark_unfinished()
        write_json(path, words)
    return digest(words)


def write_rejects(space: Workspace, shards: Sequence[str]) -> None:
    """Write ``rejects.jsonl``: file and reason of every image that was left out."""
    with atomic_write(space.root / 'rejects.jsonl', encoding='utf-8') as stream:
        for shard in shards:
            for reject in read_json(space.work(shard, 'ingest', 'json'))['rejects']:
                stream.write(json.dumps(reject, ensure_ascii=False) + '\n')


def totals(stamps: Sequence[Stamp]) -> Dict[str, int]:
    """Sum of the counts of some stamps."""
    total: Counter = Counter()
    for stamp in stamps:
        total.update(stamp.counts)
    return dict(total)


def write_summary(space: Workspace, engine: Dict[str, Any], stamps: Dict[str, List[Stamp]], kind: str) -> str:
    """Write ``meta.json``, which marks the build as finished; returns one line for people.

    Args:
        space: Of the build.
        engine: Its config.
        stamps: Of all stages.
        kind: Of the proposed regions, 'object' or 'image'.
    """
    images, labels, proposals = totals(stamps['ingest']), totals(stamps['label']), totals(stamps['propose'])
    words = read_json(space.root / 'ocr_vocab.json') if 'ocr' in stamps else []
    clusters = stamps['cluster'][0].counts['clusters']
    write_meta(space.root, {
        'schema_version': SCHEMA_VERSION,
        'num_shards': len(stamps['label']),
        'num_images': images['images'],
        'num_regions': {kind: labels[kind], 'ocr': labels['ocr']},
        'num_classes': {kind: clusters, 'ocr': len(words)},
        'left_out': {'images': images['rejects'], 'invalid_boxes': proposals['invalid_boxes'],
                     'ocr_regions_without_known_word': labels['dropped_ocr']},
        'images_without_regions': labels['images_without_regions'],
        'made_by': {'tool': TOOL, 'mmrice': __version__, 'engine': engine},
    })
    return (f'{space.root}: {images["images"]:,} images in {len(stamps["label"])} shards; '
            f'{labels[kind]:,} {kind} regions in {clusters:,} clusters; {labels["ocr"]:,} ocr regions with '
            f'{len(words):,} words; left out: {images["rejects"]} images (rejects.jsonl), {proposals["invalid_boxes"]} '
            f'boxes, {labels["dropped_ocr"]} ocr regions without a known word')

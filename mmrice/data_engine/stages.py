"""What each stage does to one shard. Runs in a worker process; every output is a pure function of what it reads."""
import functools
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

import numpy as np

from mmrice.datasets.shard_format import index_tar, regions_path, write_regions
from mmrice.utils import atomic_path

from .clustering import Clusters
from .images import decode_jpeg
from .parts import build_part
from .vocabulary import word_labels
from .workspace import Stamp, Workspace, digest, read_json, read_tar, write_json, write_tar

STAGES = ('ingest', 'propose', 'ocr', 'embed', 'cluster', 'label')
# Whose outputs a stage reads, shard by shard.
READS = {'ingest': (), 'propose': ('ingest',), 'ocr': ('ingest',), 'embed': ('ingest', 'propose'),
         'label': ('ingest', 'propose', 'ocr', 'embed')}

Done = Tuple[List[Path], Dict[str, int]]


class Job(NamedTuple):
    """One stage on one shard.

    Attributes:
        root: The output folder.
        stage: One of :data:`STAGES`, not 'cluster'.
        shard: '000000', ...
        config: The part's config dict.
        config_digest: For the stamp.
        inputs: Digests of what the stage reads, for the stamp.
        extra: ingest: the shard's images; label: whether there are OCR results, the kind of the proposed regions, and
            how many labels each gets; else None.
        num_images: For progress.
    """
    root: Path
    stage: str
    shard: str
    config: Dict[str, Any]
    config_digest: str
    inputs: List[str]
    extra: Any
    num_images: int


_parts: Dict[str, Any] = {}


def run_job(job: Job) -> Stamp:
    """Run a stage on a shard and stamp it; models are built once a process."""
    space = Workspace(job.root)
    name = digest([job.stage, job.config])
    if name not in _parts:
        _parts[name] = build_part(job.config, job.stage if job.stage != 'label' else 'cluster')
    outputs, counts = _RUN[job.stage](_parts[name], space, job.shard, job.extra)
    return space.write_stamp(job.stage, job.shard, job.config_digest, job.inputs, outputs, counts)


def ingest_shard(folders: Any, space: Workspace, shard: str, images: List[dict]) -> Done:
    """Write the tar, and beside it the records and rejects."""
    jpegs, records, rejects = folders.load(images)
    notes = space.work(shard, 'ingest', 'json')
    write_json(notes, {'images': records, 'rejects': rejects})
    write_tar(space.tar(shard), jpegs)
    return [space.tar(shard), notes], {'images': len(jpegs), 'rejects': len(rejects)}


def propose_shard(proposer: Any, space: Workspace, shard: str, _: None) -> Done:
    """Write ``propose.npz``: how many regions each image has, and all boxes and scores in the order of the tar."""
    records = {record['key']: record for record in read_json(space.work(shard, 'ingest', 'json'))['images']}
    found = [proposer(decode_jpeg(jpeg), records[key]) for key, jpeg in read_tar(space.tar(shard))]
    boxes = np.concatenate([np.zeros((0, 4), np.float32), *(one.boxes for one in found)])
    scores = np.concatenate([np.zeros(0, np.float32), *(one.scores for one in found)])
    output = space.work(shard, 'propose', 'npz')
    with atomic_path(output) as temporary, open(temporary, 'wb') as stream:
        np.savez(stream, counts=np.array([len(one.boxes) for one in found], np.int64), boxes=boxes, scores=scores)
    return [output], {'regions': len(boxes), 'invalid_boxes': sum(one.invalid for one in found)}


def ocr_shard(reader: Any, space: Workspace, shard: str, _: None) -> Done:
    """Write ``ocr.json``: the lines of each image in the order of the tar."""
    lines = [reader(decode_jpeg(jpeg)) for _, jpeg in read_tar(space.tar(shard))]
    output = space.work(shard, 'ocr', 'json')
    write_json(output, lines)
    return [output], {'lines': sum(map(len, lines))}


def embed_shard(encoder: Any, space: Workspace, shard: str, _: None) -> Done:
    """Write ``embed.npy``: one float16 row of length one for each proposed region."""
    boxes = _boxes_of_images(space, shard)
    rows = [encoder(decode_jpeg(jpeg), image_boxes)
            for image_boxes, (_, jpeg) in zip(boxes, read_tar(space.tar(shard))) if len(image_boxes)]
    output = space.work(shard, 'embed', 'npy')
    with atomic_path(output) as temporary, open(temporary, 'wb') as stream:
        np.save(stream, np.concatenate(rows) if rows else np.zeros((0, 0), np.float16))
    return [output], {'regions': sum(map(len, rows))}


def _boxes_of_images(space: Workspace, shard: str) -> List[np.ndarray]:
    with np.load(space.work(shard, 'propose', 'npz')) as proposals:
        return np.split(proposals['boxes'], np.cumsum(proposals['counts'])[:-1])


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


_RUN: Dict[str, Callable[..., Done]] = {'ingest': ingest_shard, 'propose': propose_shard, 'ocr': ocr_shard,
                                        'embed': embed_shard, 'label': label_shard}

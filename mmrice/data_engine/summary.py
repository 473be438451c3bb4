"""What a build says of itself: rejects, counts, meta."""
import json
from collections import Counter
from typing import Any, Dict, List, Sequence

from mmrice.datasets.shard_format import SCHEMA_VERSION, write_meta
from mmrice.utils import atomic_write
from mmrice.version import __version__

from .workspace import Stamp, Workspace, read_json

TOOL = 'tools/build_region_data.py'


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

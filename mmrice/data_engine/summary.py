"""What a build says of itself: rejects, counts, meta."""
import json
import re
from collections import Counter
from typing import Any, Dict, List, Optional, Sequence

from mmrice.datasets.shard_format import KINDS, SCHEMA_VERSION, write_meta
from mmrice.utils import atomic_write
from mmrice.version import __version__

from .workspace import Stamp, Workspace, read_json

TOOL = 'tools/build_region_data.py'
_PART = re.compile(r'(.+)\[(.+)\]')  # 'rejects[truncated]' is a part of 'rejects'


def write_rejects(space: Workspace, shards: Sequence[str]) -> None:
    """Write ``rejects.jsonl``: file, kind of reason and reason of every image that was left out."""
    with atomic_write(space.root / 'rejects.jsonl', encoding='utf-8', errors='backslashreplace') as stream:
        for shard in shards:
            for reject in read_json(space.work(shard, 'ingest', 'json'))['rejects']:
                stream.write(json.dumps(reject, ensure_ascii=False) + '\n')


def totals(stamps: Sequence[Stamp]) -> Dict[str, int]:
    """Sum of the counts of some stamps, without the parts of counts (:func:`parts`)."""
    total: Counter = Counter()
    for stamp in stamps:
        total.update({name: value for name, value in stamp.counts.items() if not _PART.fullmatch(name)})
    return dict(total)


def parts(stamps: Sequence[Stamp], name: str) -> Dict[str, int]:
    """Sum of what is counted as ``name[part]``: part -> number, in alphabetical order."""
    total: Counter = Counter()
    for stamp in stamps:
        for key, value in stamp.counts.items():
            part = _PART.fullmatch(key)
            if part and part[1] == name:
                total[part[2]] += value
    return dict(sorted(total.items()))


def describe(stamps: Sequence[Stamp]) -> str:
    """Counts for people: ``images 7  rejects 3 (2 duplicate, 1 truncated)``."""
    texts = []
    for name, value in totals(stamps).items():
        of = ', '.join(f'{number:,} {part}' for part, number in parts(stamps, name).items())
        texts.append(f'{name} {value:,} ({of})' if of else f'{name} {value:,}')
    return '  '.join(texts)


def shard_list(ingest: Sequence[Stamp], label: Sequence[Stamp]) -> List[Dict[str, Any]]:
    """What a reader wants to know of each shard before it opens it.

    Returns:
        list: ``{'name': '000000', 'images': n, 'kinds': {'object': n1, 'object+ocr': n2}}``, where kinds counts the
        images that have regions of exactly these kinds.
    """
    return [{'name': f'{number:06d}', 'images': images.counts['images'],
             'kinds': {'+'.join(sorted(kinds.split('+'), key=KINDS.index)): count
                       for kinds, count in parts([labels], 'images').items() if count}}
            for number, (images, labels) in enumerate(zip(ingest, label))]


def _invalid_boxes(engine: Dict[str, Any], stamps: Dict[str, List[Stamp]]) -> int:
    """How many boxes were left out; those that ground and tag read from the same files count once."""
    propose, *read = (totals(stamps[stage])['invalid_boxes'] if stage in stamps else 0
                      for stage in ('propose', 'ground', 'tag'))
    ground, tag = ((engine.get(stage) or {}).get('files') for stage in ('ground', 'tag'))
    return propose + (max(read) if ground and ground == tag else sum(read))


def write_summary(space: Workspace, engine: Dict[str, Any], stamps: Dict[str, List[Stamp]],
                  kind: Optional[str]) -> str:
    """Write ``meta.json``, which marks the build as finished; returns one line for people.

    Args:
        space: Of the build.
        engine: Its config.
        stamps: Of all stages.
        kind: Of the proposed regions, 'object' or 'image'; None without.
    """
    images, labels = totals(stamps['ingest']), totals(stamps['label'])
    invalid = _invalid_boxes(engine, stamps)
    reasons = parts(stamps['ingest'], 'rejects')
    classes = {} if kind is None else {kind: stamps['cluster'][0].counts['clusters']}
    if 'ocr' in labels:
        classes['ocr'] = len(read_json(space.root / 'ocr_vocab.json')) if 'ocr' in stamps else 0
    if 'tags' in labels:
        classes['tags'] = classes['image_tags'] = len(read_json(space.root / 'tag_vocab.json'))
    write_meta(space.root, {
        'schema_version': SCHEMA_VERSION,
        'num_shards': len(stamps['label']),
        'num_images': images['images'],
        'num_regions': {name: labels[name] for name in KINDS if name in labels},
        'num_classes': classes,
        'left_out': {'images': images['rejects'], 'images_by_reason': reasons, 'invalid_boxes': invalid,
                     'ocr_regions_without_known_word': labels.get('dropped_ocr', 0),
                     **({'unknown_tags': labels['dropped_tags']} if 'tags' in labels else {})},
        'images_without_regions': labels['images_without_regions'],
        'shards': shard_list(stamps['ingest'], stamps['label']),
        'made_by': {'tool': TOOL, 'mmrice': __version__, 'engine': engine},
    })
    why = ''.join(f'{number:,} {reason}, ' for reason, number in reasons.items())
    found = [f'{labels[name]:,} {what}' for name, what in (
        (kind, f'{kind} regions in {classes.get(kind, 0):,} clusters'),
        ('ocr', f'ocr regions with {classes.get("ocr", 0):,} words'), ('caption', 'captions'),
        ('text', 'phrases with boxes'), ('image_tags', f'images with some of {classes.get("tags", 0):,} tags'),
        ('tags', 'boxes with tags')) if name in labels]
    if 'mask' in stamps:
        found.append(f'{totals(stamps["mask"])["masks"]:,} masks')
    left_out = [f'{images["rejects"]:,} images ({why}rejects.jsonl)', f'{invalid:,} boxes']
    if 'dropped_ocr' in labels:
        left_out.append(f'{labels["dropped_ocr"]:,} ocr regions without a known word')
    if 'tags' in labels:
        left_out.append(f'{labels["dropped_tags"]:,} unknown tags')
    return '; '.join([f'{space.root}: {images["images"]:,} images in {len(stamps["label"])} shards', *found,
                      f'left out: {", ".join(left_out)}'])

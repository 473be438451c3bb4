"""Label: vectors, lines and phrases -> the regions that training reads."""
from typing import Any, Dict, List

import numpy as np
import pyarrow as pa

from mmrice.datasets.shard_format import KINDS, index_tar, regions_path, write_region_table

from ..workspace import Workspace, read_json
from .job import Done
from .label_rows import Rows, caption_rows, line_rows, phrase_rows, proposed_rows
from .tag_rows import tag_rows


def label_shard(clusterer: Any, space: Workspace, shard: str, extra: Dict[str, Any]) -> Done:
    """Write the parquet: nearest centre of each object region, or the nearest ones of each image; words of each OCR
    region; captions and phrases as they are; indices of tags. Regions are in the order of the images; those of an image
    as they were proposed, then its lines, its captions, its phrases, its own tags, those of its regions.

    The counts have for each set of kinds the number of images with exactly these, e.g. ``images[object+ocr]``.
    """
    groups, dropped = [], {}
    if extra['kind'] is not None:
        groups.append(proposed_rows(clusterer, space, shard, extra))
    if extra['vocabulary'] is not None:
        lines, dropped['ocr'] = line_rows(space, shard, extra['vocabulary'])
        groups.append(lines)
    masks = read_json(space.work(shard, 'mask', 'json')) if 'mask' in extra['texts'] else None
    if 'caption' in extra['texts']:
        groups.append(caption_rows(space, shard))
    if 'ground' in extra['texts']:
        groups.append(phrase_rows(space, shard, masks))
    if 'tag' in extra['texts']:
        tagged, dropped['tags'] = tag_rows(space, shard, masks)
        groups += tagged
    keys = list(index_tar(space.tar(shard)))
    output = regions_path(space.tar(shard))
    write_region_table(output, _columns(keys, groups))
    has = {rows.kind: np.bincount(rows.image, minlength=len(keys)) > 0 for rows in groups}
    counts = {rows.kind: len(rows.image) for rows in groups}
    if extra['kind'] is not None or extra['vocabulary'] is not None:
        counts = {**counts, 'ocr': counts.get('ocr', 0), 'dropped_ocr': dropped.get('ocr', 0)}
    if 'tags' in dropped:
        counts['dropped_tags'] = dropped['tags']
    return [output], {**counts, 'images_without_regions': int(np.sum(~np.any(list(has.values()), axis=0))),
                      **_images_by_kinds(has)}


def _columns(keys: List[str], groups: List[Rows]) -> Dict[str, Any]:
    """The columns of the table, by image and then as the groups come."""
    image = np.concatenate([rows.image for rows in groups])
    order = np.argsort(image, kind='stable')
    ends = np.append(0, np.cumsum(np.concatenate([rows.num_labels for rows in groups])))
    kind = np.repeat(np.arange(len(groups)), [len(rows.image) for rows in groups])
    columns = {
        'key': pa.array(keys, pa.string()).take(pa.array(image[order])),
        'box': np.concatenate([rows.boxes for rows in groups], dtype=np.float32)[order],
        'kind': pa.array([rows.kind for rows in groups]).take(pa.array(kind[order])),
        'score': np.concatenate([rows.scores for rows in groups], dtype=np.float32)[order],
        'labels': pa.ListArray.from_arrays(
            pa.array(ends, pa.int32()), pa.array(np.concatenate([rows.labels for rows in groups]))
        ).take(pa.array(order)),
        'text': _strings(groups, 'texts', order)}
    if any(rows.masks for rows in groups):
        columns['mask'] = _strings(groups, 'masks', order)
    return columns


def _strings(groups: List[Rows], name: str, order: np.ndarray) -> pa.Array:
    """A column of strings; '' stands once for all regions of the groups that lack them: there may be millions."""
    values, place = [''], []
    for rows in groups:
        own = getattr(rows, name)
        place.append(np.zeros(len(rows.image), np.int64) if own is None
                     else np.arange(len(values), len(values) + len(own)))
        values += own or []
    return pa.array(values, pa.string()).take(pa.array(np.concatenate(place)[order]))


def _images_by_kinds(has: Dict[str, np.ndarray]) -> Dict[str, int]:
    """Kind -> whether each image has such a region; how many images have which set of kinds, '+' between them."""
    kinds = [name for name in KINDS if name in has]
    codes = sum(has[name].astype(int) << bit for bit, name in enumerate(kinds))
    counts = np.bincount(codes, minlength=1)
    return {f'images[{"+".join(name for bit, name in enumerate(kinds) if code >> bit & 1)}]': int(counts[code])
            for code in np.flatnonzero(counts) if code}

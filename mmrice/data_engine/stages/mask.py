"""Mask: boxes of regions with words -> their pixels."""
from collections import Counter
from typing import Any, Dict, List, Sequence

import numpy as np

from mmrice.utils import UserError

from ..images import decode_jpeg
from ..workspace import Workspace, read_json, read_tar, write_json
from .job import Done


def mask_shard(masker: Any, space: Workspace, shard: str, given: Sequence[str]) -> Done:
    """Write ``mask.json``: of each image in the order of the tar the boxes of its phrases and tags, each with the
    counts of its mask in COCO's RLE, '' for no mask. Where several phrases have a box, it is there as often."""
    from ..maskers.coco_masks import encode_mask
    masker.work_in(space.root / '.work')
    records = {record['key']: record for record in read_json(space.work(shard, 'ingest', 'json'))['images']}
    boxes, found = _boxes(space, shard, given), []
    for of_image, (key, jpeg) in zip(boxes, read_tar(space.tar(shard))):
        masks: List[str] = []
        if of_image:
            image = decode_jpeg(jpeg)
            pixels = masker(image, records[key], np.array(of_image, np.float32))
            if len(pixels) != len(of_image) or any(one is not None and one.shape != image.shape[:2] for one in pixels):
                raise UserError(f'{space.tar(shard)}: {type(masker).__name__} did not return {len(of_image)} masks of '
                                f"the image's size for the boxes of {key}.")
            masks = [encode_mask(one) if one is not None and one.any() else '' for one in pixels]
        found.append([{'box': box, 'mask': mask} for box, mask in zip(of_image, masks)])
    output = space.work(shard, 'mask', 'json')
    write_json(output, found)
    total = sum(map(len, found))
    empty = sum(not one['mask'] for of_image in found for one in of_image)
    return [output], {'masks': total - empty, 'regions_without_mask': empty}


def _boxes(space: Workspace, shard: str, given: Sequence[str]) -> List[List[List[float]]]:
    """Boxes of each image."""
    regions: List[List[List[Dict[str, Any]]]] = []
    if 'ground' in given:
        regions.append(read_json(space.work(shard, 'ground', 'json')))
    if 'tag' in given:
        regions.append([one['regions'] for one in read_json(space.work(shard, 'tag', 'json'))])
    found = []
    for of_image in zip(*regions):
        most: Counter = Counter()
        for of_stage in of_image:
            most |= Counter(tuple(region['box']) for region in of_stage)  # the greater of two counts
        found.append([list(box) for box in most.elements()])
    return found

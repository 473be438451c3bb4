"""Mask: boxes of regions with words -> their pixels."""
from itertools import chain
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from mmrice.utils import UserError

from ..images import decode_jpeg
from ..workspace import Workspace, read_json, read_tar, write_json
from .job import Done

_Region = Tuple[float, ...]  # its number in a file of regions, -1 for none, and its box


def mask_shard(masker: Any, space: Workspace, shard: str, given: Sequence[str]) -> Done:
    """Write ``mask.json``: of each image in the order of the tar ``{'ground', 'tag'}``, the masks of the regions of
    these stages in their order, as counts of COCO's RLE, '' for no mask.

    Regions of the same box and number, as a phrase and its tags are, have one mask.
    """
    from ..maskers.coco_masks import encode_mask
    masker.work_in(space.root / '.work')
    records = {record['key']: record for record in read_json(space.work(shard, 'ingest', 'json'))['images']}
    found, total, empty = [], 0, 0
    for of_image, (key, jpeg) in zip(_regions(space, shard, given), read_tar(space.tar(shard))):
        regions = sorted(set(chain.from_iterable(of_image.values())))
        masks: Dict[_Region, str] = {}
        if regions:
            image = decode_jpeg(jpeg)
            pixels = masker(image, records[key], np.array([box for _, *box in regions], np.float32),
                            [int(number) for number, *_ in regions])
            if len(pixels) != len(regions) or any(one is not None and one.shape != image.shape[:2] for one in pixels):
                raise UserError(f'{space.tar(shard)}: {type(masker).__name__} did not return {len(regions)} masks of '
                                f"the image's size for the boxes of {key}.")
            masks = {region: encode_mask(one) if one is not None and one.any() else ''
                     for region, one in zip(regions, pixels)}
        found.append({stage: [masks[region] for region in of_stage] for stage, of_stage in of_image.items()})
        total, empty = total + len(masks), empty + list(masks.values()).count('')
    output = space.work(shard, 'mask', 'json')
    write_json(output, found)
    return [output], {'masks': total - empty, 'regions_without_mask': empty}


def _regions(space: Workspace, shard: str, given: Sequence[str]) -> List[Dict[str, List[_Region]]]:
    """The regions of each image, by stage."""
    found: Dict[str, List[Any]] = {}
    if 'ground' in given:
        found['ground'] = read_json(space.work(shard, 'ground', 'json'))
    if 'tag' in given:
        found['tag'] = [one['regions'] for one in read_json(space.work(shard, 'tag', 'json'))]
    return [{stage: [(region.get('number', -1), *region['box']) for region in regions]
             for stage, regions in zip(found, of_image)} for of_image in zip(*found.values())]

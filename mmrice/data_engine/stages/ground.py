"""Ground: phrases -> boxes, or boxes -> phrases."""
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from mmrice.utils import UserError

from ..boxes import fits
from ..grounders import Grounded
from ..proposers.base import Proposals
from ..workspace import Workspace, read_json, write_json
from .batches import image_batches
from .job import Done


def ground_shard(grounder: Any, space: Workspace, shard: str, given: Sequence[str]) -> Done:
    """Write ``ground.json``: the boxes of each image in the order of the tar, each with its phrase and score,
    and its number where it is of a file.

    Boxes of less than a pixel are left out and counted as invalid.
    """
    read = _read(space, shard, given)
    regions: List[List[Dict[str, Any]]] = []
    invalid = 0
    for start, images, records in image_batches(space, shard, grounder.batch_size):
        asked = read[start:start + len(images)] if read is not None else [[] for _ in images]
        found = grounder(images, records, asked)
        if len(found) != len(images):
            raise UserError(f'{space.tar(shard)}: {type(grounder).__name__} returned boxes of {len(found)} for '
                            f'{len(images)} images.')
        for image, one in zip(images, found):
            regions.append(_rows(one, image.shape[:2]))
            invalid += one.invalid + len(one.boxes) - len(regions[-1])
    output = space.work(shard, 'ground', 'json')
    write_json(output, regions)
    return [output], {'regions': sum(map(len, regions)), 'invalid_boxes': invalid}


def _read(space: Workspace, shard: str, given: Sequence[str]) -> Optional[List[Any]]:
    """Phrases or proposals of each image, None where there is neither."""
    if 'phrases' in given:
        return read_json(space.work(shard, 'phrases', 'json'))
    if 'propose' not in given:
        return None
    with np.load(space.work(shard, 'propose', 'npz')) as proposals:
        ends = np.cumsum(proposals['counts'])[:-1]
        return [Proposals(boxes, scores) for boxes, scores in zip(np.split(proposals['boxes'], ends),
                                                                  np.split(proposals['scores'], ends))]


def _rows(found: Grounded, size: Any) -> List[Dict[str, Any]]:
    numbers = [{}] * len(found.boxes) if found.numbers is None else [{'number': number} for number in found.numbers]
    return [{'box': box.tolist(), 'text': text, 'score': float(score), **number} for box, score, text, number, good in
            zip(found.boxes, found.scores, found.phrases, numbers, fits(found.boxes, size, 1)) if good]

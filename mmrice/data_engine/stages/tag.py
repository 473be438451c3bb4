"""Tag: images, captions and phrases -> names of what is shown."""
from typing import Any, Dict, List, Sequence

from mmrice.utils import UserError

from ..boxes import fits
from ..tags.base import Tagged
from ..tags.names import tidy_tags
from ..workspace import Workspace, read_json, write_json
from .batches import image_batches
from .job import Done


def tag_shard(tagger: Any, space: Workspace, shard: str, given: Sequence[str]) -> Done:
    """Write ``tag.json``: of each image in the order of the tar its tags, and boxes, scores, tags and numbers of its
    regions.

    Regions without a tag are left out, and so are boxes of less than a pixel, which are counted as invalid.
    """
    captions, phrases = (read_json(space.work(shard, name, 'json')) if name in given else None
                         for name in ('caption', 'ground'))
    found: List[Dict[str, Any]] = []
    invalid = 0
    for start, images, records in image_batches(space, shard, tagger.batch_size):
        texts = ([[]] * len(images) if of_shard is None else of_shard[start:start + len(images)]
                 for of_shard in (captions, phrases))
        tagged = tagger(images, records, *texts)
        if len(tagged) != len(images):
            raise UserError(f'{space.tar(shard)}: {type(tagger).__name__} returned tags of {len(tagged)} for '
                            f'{len(images)} images.')
        for image, one in zip(images, tagged):
            good = fits(one.boxes, image.shape[:2], 1)
            found.append({'image': tidy_tags(one.image), 'regions': _rows(one, good)})
            invalid += one.invalid + int((~good).sum())
    output = space.work(shard, 'tag', 'json')
    write_json(output, found)
    return [output], {'tags_of_images': sum(len(one['image']) for one in found),
                      'regions': sum(len(one['regions']) for one in found),
                      'invalid_boxes': invalid}


def _rows(tagged: Tagged, good: Any) -> List[Dict[str, Any]]:
    numbers = [-1] * len(tagged.boxes) if tagged.numbers is None else tagged.numbers
    rows = [{'box': box.tolist(), 'score': float(score), 'tags': tidy_tags(names), 'number': number}
            for box, score, names, number in zip(tagged.boxes, tagged.scores, tagged.regions, numbers)]
    return [row for row, fit in zip(rows, good) if fit and row['tags']]

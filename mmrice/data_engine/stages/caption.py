"""Caption: images -> sentences."""
from typing import Any, List

from mmrice.utils import UserError

from ..captioners.base import tidy
from ..workspace import Workspace, write_json
from .batches import image_batches
from .job import Done


def caption_shard(captioner: Any, space: Workspace, shard: str, _: None) -> Done:
    """Write ``caption.json``: the captions of each image in the order of the tar, each once, on one line."""
    captions: List[List[str]] = []
    for _, images, records in image_batches(space, shard, captioner.batch_size):
        found = captioner(images, records)
        if len(found) != len(images):
            raise UserError(f'{space.tar(shard)}: {type(captioner).__name__} returned {len(found)} lists of captions '
                            f'for {len(images)} images.')
        captions += [tidy(texts) for texts in found]
    output = space.work(shard, 'caption', 'json')
    write_json(output, captions)
    return [output], {'captions': sum(map(len, captions)), 'images_without_caption': captions.count([])}

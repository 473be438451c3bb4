"""What tags add to the table of a shard."""
from typing import Any, Dict, List, Tuple

from ..workspace import Workspace, read_json
from .label_rows import Masks, Rows, with_masks, worded


def tag_rows(space: Workspace, shard: str, masks: Masks) -> Tuple[List[Rows], int]:
    """The images with a known tag, the regions with one, and how many times a tag was left out since it is not in
    ``tag_vocab.json``.

    Args:
        space: Of the build.
        shard: '000000', ...
        masks: What stage mask wrote.
    """
    index = {name: number for number, name in enumerate(read_json(space.root / 'tag_vocab.json'))}
    sizes = [record['size'] for record in read_json(space.work(shard, 'ingest', 'json'))['images']]
    found = read_json(space.work(shard, 'tag', 'json'))
    whole = [(number, {'box': [0, 0, *size], 'score': 1, 'text': '', 'tags': one['image']})
             for number, (size, one) in enumerate(zip(sizes, found))]
    masked = with_masks([one['regions'] for one in found], 'tag', masks)
    regions = [(number, {**region, 'text': ''}) for number, of_image in enumerate(masked) for region in of_image]
    groups = [_labelled(kind, rows, index) for kind, rows in (('image_tags', whole), ('tags', regions))]
    given = sum(len(row['tags']) for _, row in (*whole, *regions))
    return groups, given - sum(len(rows.labels) for rows in groups)


def _labelled(kind: str, rows: List[Tuple[int, Dict[str, Any]]], index: Dict[str, int]) -> Rows:
    labels = [[index[name] for name in row['tags'] if name in index] for _, row in rows]
    return worded(kind, [row for row, known in zip(rows, labels) if known], list(filter(None, labels)))

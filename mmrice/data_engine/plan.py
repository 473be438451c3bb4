"""The plan of a build: which images are in which shard. Memory holds a line a shard, the images are on disk."""
import json
import re
from typing import Any, Dict, List, NamedTuple, Optional

from mmrice.utils import UserError, atomic_write

from .progress import Progress
from .workspace import Workspace, digest, read_json, write_json


class Shard(NamedTuple):
    """What the plan says of a shard.

    Attributes:
        digest: Of its entries.
        images: How many there are, None where nobody has looked yet.
    """
    digest: str
    images: Optional[int]


def make_plan(space: Workspace, source: Any) -> Dict[str, Shard]:
    """Write the entries of each shard (``000000.plan.json``) and, when all are written, ``plan.json``.

    Args:
        space: Of the build.
        source: A :class:`~mmrice.data_engine.sources.Source`.
    """
    plan: Dict[str, Shard] = {}
    progress = Progress('plan', unit='images' if source.plans_images else 'shards')
    for number, entries in enumerate(source.plan()):
        path, text = space.work(f'{number:06d}', 'plan', 'json'), json.dumps(entries)
        if not path.is_file() or path.read_text(encoding='utf-8') != text:
            with atomic_write(path, encoding='utf-8') as stream:
                stream.write(text)
        plan[f'{number:06d}'] = Shard(digest(entries), len(entries) if source.plans_images else None)
        progress.update(len(entries))
    progress.close()
    write_json(space.work('plan', 'json'), {'shards': list(plan.values())})
    return plan


def read_plan(space: Workspace) -> Dict[str, Shard]:
    """Read what :func:`make_plan` wrote.

    Raises:
        UserError: There is no plan.
    """
    path = space.work('plan', 'json')
    content = read_json(path) if path.is_file() else None
    if not isinstance(content, dict):
        raise UserError(f'{space.root}: stage ingest has not run here. Leave --stages out to run all stages.')
    return {f'{number:06d}': Shard(*shard) for number, shard in enumerate(content['shards'])}


def read_entries(space: Workspace, shard: str) -> List[Dict[str, Any]]:
    """What the source noted about the images of a shard."""
    return read_json(space.work(shard, 'plan', 'json'))


def drop_other_shards(space: Workspace, plan: Dict[str, Shard]) -> None:
    """Remove the files of shards that the plan no longer has."""
    for found in [*space.root.iterdir(), *space.work('plan', 'json').parent.iterdir()]:
        shard = re.match(r'(\d{6,})\.', found.name)
        if shard and shard[1] not in plan:
            space.mark_unfinished()
            found.unlink()

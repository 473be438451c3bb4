"""What each stage does to one shard. Runs in a worker process; every output is a pure function of what it reads."""
from typing import Any, Callable, Dict

from ..parts import build_part
from ..ticks import counting
from ..workspace import Stamp, Workspace, digest
from .caption import caption_shard
from .embed import embed_shard
from .ground import ground_shard
from .ingest import ingest_shard
from .job import READS, STAGES, Done, Job
from .label import label_shard
from .mask import mask_shard
from .ocr import ocr_shard
from .phrases import phrases_shard
from .propose import propose_shard
from .scan import scan_shard
from .tag import tag_shard

__all__ = ['READS', 'STAGES', 'Done', 'Job', 'run_job']

_RUN: Dict[str, Callable[..., Done]] = {'scan': scan_shard, 'ingest': ingest_shard, 'propose': propose_shard,
                                        'ocr': ocr_shard, 'embed': embed_shard, 'caption': caption_shard,
                                        'phrases': phrases_shard, 'ground': ground_shard, 'tag': tag_shard,
                                        'mask': mask_shard, 'label': label_shard}
_WHERE = {'scan': 'ingest', 'label': 'cluster'}  # whose part runs the stage
_parts: Dict[str, Any] = {}


def run_job(job: Job) -> Stamp:
    """Run a stage on a shard and stamp it; a process builds the model of a stage once, and has one at a time."""
    space = Workspace(job.root)
    name = digest([job.stage, job.config, job.config_digest])
    if name not in _parts:
        _parts.clear()  # those of stages that are done; a captioner and a detector need not fit beside each other
        _parts[name] = job.config and build_part(job.config, _WHERE.get(job.stage, job.stage))
    with counting(space.ticks(job.stage, job.shard)):
        outputs, counts = _RUN[job.stage](_parts[name], space, job.shard, job.extra)
    return space.write_stamp(job.stage, job.shard, job.config_digest, job.inputs, outputs, counts)

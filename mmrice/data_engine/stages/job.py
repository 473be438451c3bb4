"""One stage on one shard, and what it hands back."""
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Tuple

STAGES = ('ingest', 'propose', 'ocr', 'embed', 'cluster', 'label')
# Whose outputs a stage reads, shard by shard.
READS = {'ingest': (), 'propose': ('ingest',), 'ocr': ('ingest',), 'embed': ('ingest', 'propose'),
         'label': ('ingest', 'propose', 'ocr', 'embed')}

Done = Tuple[List[Path], Dict[str, int]]  # the files that a stage wrote, and its counts


class Job(NamedTuple):
    """One stage on one shard.

    Attributes:
        root: The output folder.
        stage: One of :data:`STAGES`, not 'cluster'.
        shard: '000000', ...
        config: The part's config dict.
        config_digest: For the stamp.
        inputs: Digests of what the stage reads, for the stamp.
        extra: ingest: the shard's images; label: whether there are OCR results, the kind of the proposed regions, and
            how many labels each gets; else None.
        num_images: For progress.
    """
    root: Path
    stage: str
    shard: str
    config: Dict[str, Any]
    config_digest: str
    inputs: List[str]
    extra: Any
    num_images: int

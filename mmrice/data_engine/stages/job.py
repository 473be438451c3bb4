"""One stage on one shard, and what it hands back."""
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

STAGES = ('ingest', 'propose', 'ocr', 'embed', 'cluster', 'caption', 'phrases', 'ground', 'tag', 'mask', 'label')
# Whose outputs a stage reads, shard by shard.
READS = {'scan': (), 'ingest': (), 'propose': ('ingest',), 'ocr': ('ingest',), 'embed': ('ingest', 'propose'),
         'caption': ('ingest', ), 'phrases': ('caption', ), 'ground': ('ingest', 'phrases', 'propose'),
         'tag': ('ingest', 'caption', 'ground'), 'mask': ('ingest', 'ground', 'tag'),
         'label': ('ingest', 'propose', 'ocr', 'embed', 'caption', 'ground', 'tag', 'mask')}

Done = Tuple[List[Path], Dict[str, int]]  # the files that a stage wrote, and its counts


class Job(NamedTuple):
    """One stage on one shard.

    Attributes:
        root: The output folder.
        stage: One of :data:`STAGES`, not 'cluster'; or 'scan', the first step of ingest.
        shard: '000000', ...
        config: The part's config dict; None where a stage needs no part (label of texts alone).
        config_digest: For the stamp.
        inputs: Digests of what the stage reads, for the stamp.
        extra: ingest: whether the shard has duplicates; ground, tag and mask: which of the stages that they read there
            are; label: the config of the vocabulary (None without OCR), the kind of the proposed regions (None
            without), how many labels each gets, and which stages have texts, tags and masks; else None.
        num_images: For progress; None where nobody has counted them yet.
    """
    root: Path
    stage: str
    shard: str
    config: Optional[Dict[str, Any]]
    config_digest: str
    inputs: List[str]
    extra: Any
    num_images: Optional[int]

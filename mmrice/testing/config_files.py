"""The configs of a checkout, read once, and what they contain; for tests."""
from functools import cache
from pathlib import Path
from typing import Any, Iterator, List

from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[2]
EVERY: List[str] = sorted(path.relative_to(ROOT).as_posix()
                          for pattern in ('configs/**/*.py', 'projects/*/configs/**/*.py')
                          for path in ROOT.glob(pattern))
BASES = [path for path in EVERY if '/_base_/' in path]
CONFIGS = [path for path in EVERY if '/_base_/' not in path]
DATA_CONFIGS = [path for path in CONFIGS if path.startswith('configs/data_engine/')]
TRAINING = [path for path in CONFIGS if path not in DATA_CONFIGS]


@cache
def read(path: str) -> Config:
    """A config of the checkout; copy it before you change it."""
    return Config.fromfile(ROOT / path)


def typed(value: Any) -> Iterator[dict]:
    """Yield the dicts with a type, outermost first."""
    if isinstance(value, dict):
        if 'type' in value:
            yield value
        for child in value.values():
            yield from typed(child)
    elif isinstance(value, (list, tuple)):
        for child in value:
            yield from typed(child)


def datasets(value: Any) -> Iterator[dict]:
    """Yield datasets, outermost first: those inside a wrapper, too."""
    for item in value if isinstance(value, list) else [value]:
        yield item
        yield from datasets(item.get('datasets') or item.get('dataset') or [])

"""WebDatasetTars: images and captions in tar files, read in order without unpacking."""
import glob
import json
import os
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Union

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..images import Reject
from .base import Entries, Found, Source
from .files import EXTENSIONS
from .names import Names, plain_key
from .tar_samples import DamagedTar, Sample, iter_samples


@ENGINE_STAGES.register_module()
class WebDatasetTars(Source):
    """Take the images of WebDataset tars, such as img2dataset writes, in their order there.

    A sample is what has one name up to the first dot: ``000012.jpg``, ``000012.txt``, ``000012.json``. Each of its
    images (jpg, png, webp, ...) is taken; the text, or else ``caption`` of the json, is kept as ``caption`` in the
    image's record. A tar is read front to back, one member in memory at a time; the plan notes tars, not images. What
    lies behind a damage is lost, and the tar is listed in the rejects.

    Args:
        sources: Name -> path of tars with ``*`` as in a shell, or a list of such paths. The name starts the keys.
        shards_per_tar: Each tar is cut into so many shards, at equal distances in bytes. One that is not cut becomes
            one shard whatever its size.
        **kwargs: See :class:`Source`.

    Example:
        >>> WebDatasetTars(dict(laion='/datasets/laion/*.tar'))
    """
    plans_images = False

    def __init__(self, sources: Dict[str, Union[str, List[str]]], shards_per_tar: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not sources:
            raise UserError('engine.ingest.sources is empty: name at least one set of tars.')
        if shards_per_tar < 1:
            raise UserError(f'engine.ingest.shards_per_tar is {shards_per_tar}, expected 1 or more.')
        self.sources = {name: [where] if isinstance(where, str) else list(where) for name, where in sources.items()}
        self.shards_per_tar = shards_per_tar

    def plan(self, names: Optional[Names] = None) -> Iterator[Entries]:
        """See :meth:`Source.plan`; a shard is one entry ``{'key', 'source', 'tar', 'size', 'mtime_ns', 'part',
        'parts'}``."""
        names = names or Names()
        for source, patterns in self.sources.items():
            for pattern in patterns:
                for path in self._tars(source, pattern):
                    stat = os.stat(path)
                    key = names.key(f'{source}_{Path(path).stem}')
                    for part in range(self.shards_per_tar):
                        yield [{'key': key, 'source': source, 'tar': path, 'size': stat.st_size,
                                'mtime_ns': stat.st_mtime_ns, 'part': part, 'parts': self.shards_per_tar}]

    def _tars(self, source: str, pattern: str) -> List[str]:
        found = sorted(glob.glob(pattern, recursive=True))
        if not found:
            raise self.missing(f'{pattern}: no such tar (source {source!r}).' +
                               (' {a..b} is not expanded, write * instead.' if '{' in pattern else ''))
        for path in found:
            if not path.endswith('.tar') or not os.path.isfile(path):
                raise UserError(f'{path}: no .tar file (source {source!r}). Compressed tars must be unpacked to .tar.')
        return found

    def read(self, entries: Sequence[Dict[str, Any]]) -> Iterator[Found]:
        """See :meth:`Source.read`."""
        for entry in entries:
            first, last = (entry['size'] * part // entry['parts'] for part in (entry['part'], entry['part'] + 1))
            taken: Dict[str, int] = {}
            try:
                for sample in iter_samples(entry['tar'], EXTENSIONS, first, last, self.check_bytes):
                    yield from self._found(entry, sample, taken)
            except DamagedTar as damage:
                if entry['part'] == 0 or 0 < first <= damage.at:  # else an earlier part lists it
                    tar = entry['tar']
                    yield Found(entry['key'], entry['source'], tar, tar, Reject('damaged tar', str(damage)))

    @staticmethod
    def _found(entry: Dict[str, Any], sample: Sample, taken: Dict[str, int]) -> Iterator[Found]:
        for name, data in sample.images:
            # '+' is in no other key, so keys of two tars never meet
            key = f'{entry["key"]}+{plain_key(sample.name)}'
            taken[key] = taken.get(key, 0) + 1
            if data is not None:
                yield Found(key if taken[key] == 1 else f'{key}~{taken[key]}', entry['source'], name,
                            f'{entry["tar"]}/{name}', data, caption_of(sample.texts))


def caption_of(texts: Dict[str, bytes]) -> str:
    """The caption out of ``{'.txt': ..., '.json': ...}``; '' where there is none."""
    if '.txt' in texts:
        return texts['.txt'].decode('utf-8', 'replace').strip()
    try:
        content = json.loads(texts.get('.json', b'{}'))
    except ValueError:
        return ''
    caption = content.get('caption') if isinstance(content, dict) else None
    return caption.strip() if isinstance(caption, str) else ''

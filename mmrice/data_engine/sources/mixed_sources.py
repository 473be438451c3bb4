"""MixedSources: several sources, one behind the other."""
from typing import Any, Dict, Iterator, List, Optional, Sequence

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..parts import build_part
from .base import Entries, Found, Source
from .names import Names

_DECODING = {'min_edge', 'max_edge', 'max_pixels', 'quality', 'drop_duplicates', 'hint'}


@ENGINE_STAGES.register_module()
class MixedSources(Source):
    """Take the images of several sources of any kind, one source behind the other.

    Args:
        parts: Configs of sources, without the arguments of :class:`Source`, which are set here for all. Names of their
            sources differ.
        **kwargs: See :class:`Source`.

    Example:
        >>> MixedSources([dict(type='mmrice.WebDatasetTars', sources=dict(laion='laion/*.tar')),
        ...               dict(type='mmrice.ImageFolders', sources=dict(own='photos'))], min_edge=336)
    """

    def __init__(self, parts: Sequence[Dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not parts:
            raise UserError('engine.ingest.parts is empty: give at least one source.')
        for number, part in enumerate(parts):
            wrong = sorted(set(part) & _DECODING)
            if wrong:
                raise UserError(f'engine.ingest.parts[{number}]: {", ".join(wrong)} is set for all parts together. '
                                'Move it to engine.ingest.')
        shared = {'max_pixels': self.max_pixels, 'hint': self.hint}
        self.parts: List[Source] = [build_part({**shared, **part}, f'ingest.parts[{number}]')
                                    for number, part in enumerate(parts)]
        names = [name for part in self.parts for name in part.sources]
        if len(set(names)) < len(names):
            raise UserError(f'engine.ingest.parts: two sources have one name ({", ".join(sorted(names))}).')
        self.sources = {name: part for part in self.parts for name in part.sources}
        self.plans_images = all(part.plans_images for part in self.parts)

    def plan(self, names: Optional[Names] = None) -> Iterator[Entries]:
        """See :meth:`Source.plan`."""
        names = names or Names()
        for part in self.parts:
            yield from part.plan(names)

    def read(self, entries: Sequence[Dict[str, Any]]) -> Iterator[Found]:
        """See :meth:`Source.read`."""
        yield from self.sources[entries[0]['source']].read(entries)

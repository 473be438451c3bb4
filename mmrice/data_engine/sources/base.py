"""What all sources share: how an image that was found becomes a JPEG of a shard or a reject."""
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Union

from mmrice.utils import UserError

from ..images import Reject, encode_jpeg, open_rgb, shrink
from .names import Names

Entries = List[Dict[str, Any]]  # what the plan notes about one shard


class Found(NamedTuple):
    """An image as the source holds it.

    Attributes:
        key: Its name in the shards.
        source: Name of the source.
        file: Its path in the source.
        path: Where a person finds it.
        data: Contents, or why there are none.
        caption: Text that came with it.
    """
    key: str
    source: str
    file: str
    path: str
    data: Union[bytes, Reject]
    caption: str = ''


class Kept(NamedTuple):
    """An accepted image: its JPEG, and its record ``{'key', 'source', 'file', 'size': [w, h], 'source_size': [w, h]}``
    with sizes in px as stored and as found upright, and ``'caption'`` where one came with it."""
    jpeg: bytes
    record: Dict[str, Any]


class Left(NamedTuple):
    """An image that is left out: ``{'file', 'kind', 'reason'}``."""
    note: Dict[str, str]


class Source:
    """Base of the sources.

    Upright RGB JPEGs are kept byte for byte, everything else is encoded anew as JPEG without chroma subsampling.

    Args:
        min_edge: Images with a shorter edge are left out, px (the paper: 336).
        max_edge: Longer images are made smaller, px; None keeps their size.
        max_pixels: Larger images are left out; so are files of more than eight bytes for each of these.
        quality: JPEG quality of images that are encoded anew.
        drop_duplicates: Of files with equal bytes only the first is kept. Every file is then read twice.
        hint: The command that builds the data, for the message when they are missing.
    """
    version = 2
    plans_images = True  # an entry of the plan is an image; else how many there are is known after reading

    def __init__(self, min_edge: int = 336, max_edge: Optional[int] = None, max_pixels: int = 100_000_000,
                 quality: int = 95, drop_duplicates: bool = True, hint: Optional[str] = None) -> None:
        self.min_edge, self.max_edge, self.max_pixels, self.quality = min_edge, max_edge, max_pixels, quality
        self.drop_duplicates, self.hint = drop_duplicates, hint

    def plan(self, names: Optional[Names] = None) -> Iterator[Entries]:
        """List the shards, one at a time, without opening an image.

        Args:
            names: Gives out keys; None starts anew.

        Yields:
            list: What :meth:`read` needs to know of one shard, as JSON can write it. Names, sizes and dates of files
            are in it, so that it changes with them.

        Raises:
            UserError: Something that the config names is missing, or there is no image.
        """
        raise NotImplementedError

    def read(self, entries: Sequence[Dict[str, Any]]) -> Iterator[Found]:
        """Yield every image of a shard of :meth:`plan`, those that cannot be read as well, always in the same order."""
        raise NotImplementedError

    def load(self, entries: Sequence[Dict[str, Any]], twins: Mapping[int, str]) -> Iterator[Union[Kept, Left]]:
        """Decode the images of one shard, one at a time.

        Args:
            entries: One shard of :meth:`plan`.
            twins: Number of an image within the shard -> key of an earlier image with equal bytes.
        """
        for number, found in enumerate(self.read(entries)):
            try:
                yield self._accept(found, twins.get(number))
            except Reject as reject:
                yield Left({'file': found.path, 'kind': reject.kind, 'reason': str(reject)})

    def _accept(self, found: Found, twin: Optional[str]) -> Kept:
        if isinstance(found.data, Reject):
            raise found.data
        if twin is not None:
            raise Reject('duplicate', f'the same bytes as {twin}')
        image, plain = open_rgb(found.data, self.max_pixels, self.min_edge)
        small = shrink(image, self.max_edge)
        jpeg = found.data if plain and small is image else encode_jpeg(small, self.quality)
        record = {'key': found.key, 'source': found.source, 'file': found.file, 'size': list(small.size),
                  'source_size': list(image.size)}
        return Kept(jpeg, {**record, 'caption': found.caption} if found.caption else record)

    def check_bytes(self, size: int) -> None:
        """Raise a reject for a file that is too long to be read into memory."""
        if size > 8 * self.max_pixels:
            raise Reject('too large', f'{size} bytes, limit {8 * self.max_pixels} (8 for each of max_pixels)')

    def missing(self, message: str) -> UserError:
        """An error that ends with the command that builds the data, or says where to look."""
        return UserError(f'{message} ' + (f'Build it with: {self.hint}' if self.hint else
                                          'Check engine.ingest.sources in the config.'))

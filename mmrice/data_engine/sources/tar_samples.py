"""Samples of a WebDataset tar, in order."""
import tarfile
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

from ..images import Reject

_TEXTS = ('.txt', '.json')


class DamagedTar(Exception):
    """A tar that cannot be read, or not to its end.

    Args:
        message: What is wrong.
        at: The byte as far as which it is sound.
    """

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


class Sample(NamedTuple):
    """Members of one name up to the first dot, side by side in a tar.

    Attributes:
        name: Path without what follows the first dot of the file name.
        images: Path and contents of the images; contents are None for what is not asked for, or a reject.
        texts: '.txt' and '.json' -> contents.
    """
    name: str
    images: List[Tuple[str, Union[bytes, Reject, None]]]
    texts: Dict[str, bytes]


def iter_samples(path: str, extensions: Sequence[str], first: int, last: int,
                 check_bytes: Callable[[int], None]) -> Iterator[Sample]:
    """Yield the samples of a tar.

    Args:
        path: An uncompressed tar.
        extensions: Of images, lower case, with the dot.
        first, last: Contents are read of the samples that start in these bytes; of earlier ones names are given, and
            later ones are left out.
        check_bytes: Raises a reject for a size that is too large to be read.

    Raises:
        DamagedTar: No such tar, or damaged, or cut off; after the samples before that place.
    """
    sample: Optional[Sample] = None
    damage, wanted, at = None, False, 0
    try:
        for tar, member in _members(path):
            at = member.offset
            folder, _, file = member.name.rpartition('/')
            stem, dot, ending = file.partition('.')
            if not member.isfile() or not stem:  # '._x' is what macOS adds
                continue
            name, ending = f'{folder}/{stem}' if folder else stem, f'{dot}{ending}'.lower()
            if sample is None or sample.name != name:
                if sample is not None:
                    yield sample
                    sample = None
                if at >= last:
                    return
                sample, wanted = Sample(name, [], {}), at >= first
            if ending in extensions:
                sample.images.append((member.name, _contents(tar, member, check_bytes) if wanted else None))
            elif ending in _TEXTS and wanted:
                sample.texts[ending] = tar.extractfile(member).read(1 << 20)
    except tarfile.TarError as error:
        damage = DamagedTar(str(error), at)
    except OSError as error:
        damage = DamagedTar(str(error.strerror), at)
    if sample is not None:
        yield sample
    if damage is not None:
        raise damage


def _members(path: str) -> Iterator[Tuple[tarfile.TarFile, tarfile.TarInfo]]:
    with tarfile.open(path, 'r:') as tar:
        while (member := tar.next()) is not None:
            tar.members.clear()  # else it keeps every header
            yield tar, member
        tar.fileobj.seek(tar.offset)
        block = tar.fileobj.read(tarfile.BLOCKSIZE)
        if block != bytes(tarfile.BLOCKSIZE):  # a bad header ends tarfile's loop like the mark of the end does
            raise tarfile.ReadError(f'no header at byte {tar.offset}' if block else 'cut off: it has no end mark')


def _contents(tar: tarfile.TarFile, member: tarfile.TarInfo,
              check_bytes: Callable[[int], None]) -> Union[bytes, Reject]:
    try:
        check_bytes(member.size)
    except Reject as reject:
        return reject
    return tar.extractfile(member).read()

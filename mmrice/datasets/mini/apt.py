"""Further material of Debian's packages, when asked for: photographed stamps with alpha, and scene-text photos.

Only the files named here are kept. Debian's releases carry different versions of a package, so the files are checked
and not the package; a package with other files is left out with a warning.
"""
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Dict, List, Sequence

from PIL import Image

from mmrice.utils import UserError

from .archives import Archive
from .cutouts import CutOut
from .text import TextPhoto

_STAMPS = 'usr/share/tuxpaint/stamps/'
_TEXT = 'usr/share/doc/opencv-doc/examples/text/'
# class -> folder -> 'file:name'; without a name the file's is used. Drawn stamps are left out.
_FILES = {
    'bird': {'animals/birds': '''blackbird chicken_profile:chicken crow crowned_crane:crane drake:duck duck gander
             guineafowl:guinea-fowl helmeted_guineafowl:guinea-fowl hen heron_greatblue:heron lark
             little-penguin:penguin magellanic_penguin:penguin magpie nandou:nandu ostrich owl pelican penguin pigeon
             pink_flamingo:flamingo rainbow-lorikeet:parrot rooster seagull:gull silver-gull:gull turkey vulture'''},
    'fruit': {'food/fruit': '''Apricot_whole:apricot Cherry_Stella:cherry Strawberry2:strawberry apple_fuji:apple
              apple_granny_smith:apple apple_green:apple apple_red:apple apricot avocado banana cherimoya grapes:grape
              kiwi lemon mandarine mango orange orange_seville:orange pear pineapple pomegranate raspberry'''},
    'pet': {'animals/mammals/dogs': 'dog dingo'},
    'coin': {'symbols/money/canadian/coins': '''001penny:coin 005nickel:coin 010dime:coin 025quarter:coin
             100loonie:coin 200toonie:coin''',
             'symbols/money/euro/coins': '001:coin 002:coin 005:coin 010:coin 020:coin 050:coin 100:coin 200:coin'},
    'vehicle': {'vehicles/auto': 'beetle:car sedan:car sportscar2:car truck'},
    'container': {'household/dishes': 'mug pitcher_small:pitcher teapot'},
}
SCENE_TEXT = tuple(TextPhoto('opencv-doc', _TEXT + name, name, 0, tuple(words.split())) for name, words in (
    ('scenetext01.jpg', 'NOTICE DOUBLE PARKING PROHIBITED AT ALL TIMES'),
    ('scenetext02.jpg', 'Sports Centre Conference Centre Car Parks'),
    ('scenetext03.jpg', 'the copy centre'),
    ('scenetext04.jpg', 'GM 125'),
    ('scenetext05.jpg', 'NO PARKING NO PARKING'),
    ('scenetext06.jpg', 'priory galleries at the ship priory galleries at the ship'),
))


def _stamp_list() -> List[tuple]:
    stamps = []
    for label, folders in _FILES.items():
        names = [(folder, *name.partition(':')[::2]) for folder, text in folders.items() for name in text.split()]
        for index, (folder, file, name) in enumerate(names):
            # Every third, but of two one in each split.
            split = 'val' if index % 3 == (1 if len(names) < 3 else 2) else 'train'
            stamps.append((f'{_STAMPS}{folder}/{file}.png', label, name or file, split))
    return stamps


# package -> the files used of it, and the SHA-256 of their SHA-256s in this order
_WANTED: Dict[str, tuple] = {
    'tuxpaint-stamps-default': (tuple(stamp[0] for stamp in _stamp_list()),
                                '7584434f099c32494dd9cffa68578fd4a7a89862d7443db6644abea6ec282db7'),
    'opencv-doc': (tuple(photo.member for photo in SCENE_TEXT),
                   'be1e39c4f28f686c86ece168550c1b44e0a365ae3c9568acccfb1c9a8ae7fd2a'),
}


def digest_of(folder: Path, members: Sequence[str]) -> str:
    """Return one SHA-256 for several files; a missing file counts as empty."""
    total = hashlib.sha256()
    for member in members:
        path = folder / member
        total.update(hashlib.sha256(path.read_bytes() if path.is_file() else b'').digest())
    return total.hexdigest()


def fetch_debs(cache: Path) -> Dict[str, Archive]:
    """Return the Debian packages whose files are the expected ones, open, by name.

    Args:
        cache: Folder that keeps the files.

    Raises:
        UserError: apt-get or dpkg-deb is missing or fails.
    """
    archives = {}
    for name, (members, expected) in _WANTED.items():
        folder = cache / name
        if digest_of(folder, members) != expected:
            shutil.rmtree(folder, ignore_errors=True)
            _extract(name, members, folder)
        found = digest_of(folder, members)
        if found == expected:
            archives[name] = Archive(name, folder)
        else:
            print(f'warning: {name}: its files have sha256 {found}, expected {expected}; left out', file=sys.stderr)
    return archives


def load_stamps(package: Archive) -> List[CutOut]:
    """Return the stamps of tuxpaint as cut-outs, their alpha made hard."""
    cutouts = []
    for member, label, name, split in _stamp_list():
        pixels = Image.open(package.path / member).convert('RGBA')
        alpha = pixels.getchannel('A').point(lambda value: 255 if value > 127 else 0)
        pixels.putalpha(alpha)
        cutouts.append(CutOut(label, name, split, f'{package.name}:{member}', pixels.crop(alpha.getbbox())))
    return cutouts


def _extract(name: str, members: Sequence[str], folder: Path) -> None:
    for command in ('apt-get', 'dpkg-deb'):
        if shutil.which(command) is None:
            raise UserError(f'--apt needs {command}, which is not installed. Leave --apt out: pip alone is enough.')
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='.tmp-', dir=folder.parent) as temporary:
        print(f'{name}: downloading', file=sys.stderr)
        done = subprocess.run(['apt-get', 'download', name], cwd=temporary, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        debs = list(Path(temporary).glob('*.deb'))
        if done.returncode or not debs:
            why = (done.stdout.strip().splitlines() or ['no output'])[-1]
            raise UserError(f'{name}: apt-get could not download it: {why} Run apt-get update, or leave --apt out.')
        picked = Path(temporary) / 'files'
        _pick(debs[0], set(members), picked)
        picked.rename(folder)


def _pick(deb: Path, members: set, folder: Path) -> None:
    """Write the wanted files of a .deb, reading it once from start to end."""
    folder.mkdir()
    with subprocess.Popen(['dpkg-deb', '--fsys-tarfile', str(deb)], stdout=subprocess.PIPE) as process:
        with tarfile.open(fileobj=process.stdout, mode='r|') as stream:
            for info in stream:
                member = info.name[2:] if info.name.startswith('./') else info.name
                if member in members and info.isfile():
                    target = folder / member
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(stream.extractfile(info).read())
        process.stdout.close()
    if process.returncode:
        raise UserError(f'{deb.name}: dpkg-deb cannot read it. Run the command again.')

import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from mmrice.data_engine.sources import Left


def picture(seed, size=(40, 30), format='JPEG', **kwargs):
    """A noisy picture as a file's contents; equal seeds give equal bytes."""
    pixels = np.random.default_rng(seed).integers(0, 255, (*size[::-1], 3)).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format, **kwargs)
    return stream.getvalue()


def pack(path, members):
    """Write a tar of (name, contents)."""
    with tarfile.open(path, 'w') as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def load(source, shard=0, twins=None):
    """Keys of the kept images of a shard, their records, and (file name, reason) of the others."""
    images = list(source.load(list(source.plan())[shard], twins or {}))
    kept = [image for image in images if not isinstance(image, Left)]
    notes = [image.note for image in images if isinstance(image, Left)]
    left = [(note['file'].rsplit('/', 1)[-1], note['reason']) for note in notes]
    return [image.record['key'] for image in kept], kept, left


@pytest.fixture(name='picture', scope='session')
def picture_fixture():
    """picture(seed, size, format): a picture as a file's contents."""
    return picture


@pytest.fixture(name='pack', scope='session')
def pack_fixture():
    """pack(path, members): write a tar."""
    return pack


@pytest.fixture(name='load', scope='session')
def load_fixture():
    """load(source, shard, twins): what a source makes of a shard."""
    return load


@pytest.fixture
def pictures(tmp_path):
    """A folder with a/0.jpg, a/1.jpg, b/0.png."""
    for number, (name, format) in enumerate([('a/0.jpg', 'JPEG'), ('a/1.jpg', 'JPEG'), ('b/0.png', 'PNG')]):
        path = tmp_path / 'pictures' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(number, format=format))
    return tmp_path / 'pictures'

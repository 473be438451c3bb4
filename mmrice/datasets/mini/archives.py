"""Read files out of wheels, sdists and unpacked Debian packages, all by the same two calls."""
import io
import tarfile
import zipfile
from pathlib import Path
from typing import Dict

import numpy as np
from PIL import Image

from mmrice.utils import UserError


class Archive:
    """One package whose files are read by the path inside it.

    Args:
        name: Name of the package, used in messages and in sources.
        path: A .whl, .zip, .tar.gz or a folder. The top folder of a .tar.gz is left out of the inner paths.

    Raises:
        UserError: The archive cannot be read.
    """

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, Path(path)
        self._files: Dict[str, bytes] = {}
        if self.path.name.endswith('.tar.gz'):
            self._files = self._guarded(self._read_tar)

    def read(self, member: str) -> bytes:
        """Return the bytes of ``member``."""
        if self.path.is_dir():
            return self._guarded(lambda: (self.path / member).read_bytes())
        if self._files:
            return self._guarded(lambda: self._files[member])
        return self._guarded(lambda: self._read_zip(member))

    def image(self, member: str) -> Image.Image:
        """Return ``member`` as an RGB image; what is transparent in it becomes white."""
        image = self._guarded(lambda: Image.open(io.BytesIO(self.read(member))))
        if image.mode in ('RGBA', 'LA', 'P'):
            image = image.convert('RGBA')
            image = Image.alpha_composite(Image.new('RGBA', image.size, 'white'), image)
        return image.convert('RGB')

    def arrays(self, member: str) -> Dict[str, np.ndarray]:
        """Return the arrays of an .npz file."""
        with np.load(io.BytesIO(self.read(member)), allow_pickle=False) as stored:
            return dict(stored)

    def _read_zip(self, member: str) -> bytes:
        with zipfile.ZipFile(self.path) as archive:
            return archive.read(member)

    def _read_tar(self) -> Dict[str, bytes]:
        # One pass: seeking back and forth in a compressed tar decompresses it again each time.
        wanted = ('.jpg', '.json', '.png')
        with tarfile.open(self.path) as archive:
            return {info.name.partition('/')[2]: archive.extractfile(info).read()
                    for info in archive if info.isfile() and info.name.endswith(wanted)}

    def _guarded(self, call):
        try:
            return call()
        except (KeyError, EOFError, FileNotFoundError, zipfile.BadZipFile, tarfile.TarError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None and not isinstance(error, FileNotFoundError):
                raise
            raise UserError(f'{self.path}: cannot read package {self.name} ({error}). '
                            'Delete this file and run the command again.') from error

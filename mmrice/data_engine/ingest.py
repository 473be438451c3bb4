"""Ingest: folders of images -> shards of upright RGB JPEGs."""
import os
import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from .images import Reject, encode_jpeg, open_rgb, shrink

EXTENSIONS = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.ppm', '.pgm', '.gif')


@ENGINE_STAGES.register_module()
class ImageFolders:
    """Take every image below some folders, in the order of their paths.

    Upright RGB JPEGs are kept byte for byte, everything else is encoded anew.

    Args:
        sources: Name -> folder. The name starts the keys of its images.
        exclude: Patterns of images to leave out, matched with ``name/path``, such as 'photos/val_*.jpg'.
        images_per_shard: Source images a shard; rejected ones leave their shard smaller.
        min_edge: Images with a shorter edge are rejected, px (the paper: 336).
        max_edge: Longer images are made smaller, px; None keeps their size.
        max_pixels: Larger images are rejected.
        quality: JPEG quality of images that are encoded anew.
        hint: The command that builds the folders, for the message when one is missing.

    Example:
        >>> ImageFolders(dict(photos='data/mini/photos'), min_edge=64)
    """
    version = 1

    def __init__(self, sources: Dict[str, str], images_per_shard: int = 10_000, min_edge: int = 336,
                 max_edge: Optional[int] = None, max_pixels: int = 100_000_000, quality: int = 95,
                 hint: Optional[str] = None, exclude: Sequence[str] = ()) -> None:
        if not sources:
            raise UserError('engine.ingest.sources is empty: name at least one folder of images.')
        if images_per_shard < 1:
            raise UserError(f'engine.ingest.images_per_shard is {images_per_shard}, expected 1 or more.')
        self.sources = {name: Path(folder) for name, folder in sources.items()}
        self.images_per_shard, self.min_edge, self.max_edge = images_per_shard, min_edge, max_edge
        self.max_pixels, self.quality, self.hint, self.exclude = max_pixels, quality, hint, tuple(exclude)

    def plan(self) -> List[List[Dict[str, Any]]]:
        """List the images of every shard without opening them.

        Returns:
            list: For each shard its images as ``{'key', 'source', 'file', 'size', 'mtime_ns'}``; ``file`` is relative
            to the source's folder.

        Raises:
            UserError: A folder is missing or there is no image.
        """
        images: List[Dict[str, Any]] = []
        keys: Dict[str, int] = {}
        for name, folder in self.sources.items():
            if not folder.is_dir():
                hint = f' Build it with: {self.hint}' if self.hint else ' Check engine.ingest.sources in the config.'
                raise UserError(f'{folder}: no such folder (source {name!r}).{hint}')
            for path in sorted(self._walk(folder)):
                if any(fnmatch(f'{name}/{path}', pattern) for pattern in self.exclude):
                    continue
                stat = (folder / path).stat()
                key = re.sub(r'[^0-9A-Za-z_-]+', '_', f'{name}_{os.path.splitext(path)[0]}')
                keys[key] = keys.get(key, 0) + 1
                images.append({'key': key if keys[key] == 1 else f'{key}~{keys[key]}', 'source': name, 'file': path,
                               'size': stat.st_size, 'mtime_ns': stat.st_mtime_ns})
        if not images:
            raise UserError(f'{", ".join(map(str, self.sources.values()))}: no image found '
                            f'({" ".join(EXTENSIONS)}).{" Build them with: " + self.hint if self.hint else ""}')
        step = self.images_per_shard
        return [images[start:start + step] for start in range(0, len(images), step)]

    @staticmethod
    def _walk(folder: Path) -> List[str]:
        return [path.relative_to(folder).as_posix() for path in folder.rglob('*')
                if path.suffix.lower() in EXTENSIONS and path.is_file()
                and not any(part.startswith('.') for part in path.relative_to(folder).parts)]

    def load(self, images: Sequence[Dict[str, Any]]) -> Tuple[List[Tuple[str, bytes]], List[dict], List[dict]]:
        """Read the images of one shard.

        Args:
            images: One shard of :meth:`plan`.

        Returns:
            tuple: (key, JPEG) of the accepted images; their records ``{'key', 'source', 'file', 'size': [w, h],
            'source_size': [w, h]}``; and the rejects ``{'file', 'reason'}``.
        """
        jpegs, records, rejects = [], [], []
        for image in images:
            path = self.sources[image['source']] / image['file']
            try:
                jpeg, size, source_size = self._load_one(path)
            except Reject as reject:
                rejects.append({'file': path.as_posix(), 'reason': str(reject)})
                continue
            jpegs.append((image['key'], jpeg))
            records.append({'key': image['key'], 'source': image['source'], 'file': image['file'], 'size': size,
                            'source_size': source_size})
        return jpegs, records, rejects

    def _load_one(self, path: Path) -> Tuple[bytes, List[int], List[int]]:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Reject(f'unreadable: {error.strerror}') from error
        image, plain = open_rgb(data, self.max_pixels)
        if min(image.size) < self.min_edge:
            raise Reject(f'too small: {image.width} x {image.height} px, least edge {self.min_edge} px')
        small = shrink(image, self.max_edge)
        if small is not image or not plain:
            data = encode_jpeg(small, self.quality)
        return data, list(small.size), list(image.size)

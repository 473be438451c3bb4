"""Images a second of the reader against those of bare JPEG decoding and resizing, on the same cores."""
import logging
import tarfile
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, Iterable, Iterator, List, Tuple

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader

from mmrice.datasets import MixedSampler, region_collate
from mmrice.datasets.region_shard_dataset import RegionShardDataset
from mmrice.datasets.shard_format import index_tar, regions_path, write_meta, write_regions
from mmrice.engine import ExactBatchSampler, SeededDataset
from mmrice.utils.timing import speedup, time_in_turn

WORKERS = (0, 2)
SHARDS, SHARD_IMAGES, BATCH = 4, 64, 32
WIDTH, HEIGHT, QUALITY, SIDE, REGIONS = 640, 480, 90, 224, 10


def measure(threads: int = 1, repeats: int = 5, seed: int = 0) -> Tuple[List[Dict[str, Any]], Dict[str, float]]:
    """Time passes over synthetic photos, 640 x 480 pixels with ten regions, to 224 x 224.

    The baseline decodes every pixel of JPEGs that are in memory and resizes them, and hands nothing on. The reader is
    what trains: seeded order and samples, tar and table, random crop, flip, ten regions, batches of 32 that arrive in
    this process. It decodes at half the size where the crop allows; ``full`` is the reader without that.

    Args:
        threads: Of torch, in this process.
        repeats: Passes that count.
        seed: Of the photos and of the order.

    Returns:
        tuple: A row for each number of worker processes, 0 and 2: ``workers``, ``images``, and images a second of
        ``decode``, ``reader`` and ``full``; and the ratios ``reader_vs_decode`` (no workers) and
        ``reader_vs_decode_2_workers``.
    """
    before = torch.get_num_threads(), cv2.getNumThreads()
    logging.disable(logging.INFO)
    torch.set_num_threads(threads)
    cv2.setNumThreads(1)  # as in the workers; the others are for other images
    try:
        with TemporaryDirectory() as folder:
            root = write_photos(Path(folder), seed)
            contenders = {f'{name} {workers}': contender for workers in WORKERS
                          for name, contender in _contenders(root, workers, seed).items()}
            times = time_in_turn(contenders, repeats, warmup=1)
            del contenders  # ends the workers, which read the files
    finally:
        logging.disable(logging.NOTSET)
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])
    images, rows, ratios = SHARDS * SHARD_IMAGES, [], {}
    for workers in WORKERS:
        rows.append(dict(workers=workers, images=images, **{
            name: images / float(np.median(times[f'{name} {workers}'])) for name in ('decode', 'reader', 'full')}))
        suffix = f'_{workers}_workers' if workers else ''
        ratios[f'reader_vs_decode{suffix}'] = speedup(times, f'reader {workers}', f'decode {workers}')
    return rows, ratios


def write_photos(root: Path, seed: int) -> Path:
    """Fill a folder with region shards of smooth noise, whose JPEGs are as large as those of photos.

    Args:
        root: An empty folder.
        seed: Of pixels and boxes.

    Returns:
        Path: ``root``.
    """
    rng, shards = np.random.default_rng(seed), []
    for shard in range(SHARDS):
        tar, rows = root / f'{shard:06d}.tar', []
        with tarfile.open(tar, 'w') as stream:
            for image in range(SHARD_IMAGES):
                content = cv2.imencode('.jpg', _photo(rng), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
                member = tarfile.TarInfo(f'{shard:06d}_{image:06d}.jpg')
                member.size = len(content)
                stream.addfile(member, BytesIO(content))
                corners = rng.integers((0, 0), (WIDTH - 128, HEIGHT - 128), (REGIONS, 2))
                rows += [dict(key=member.name[:-4], box=[x, y, x + 128, y + 128], kind='object', score=1.,
                              labels=[int(rng.integers(100))], text='') for x, y in corners.tolist()]
        write_regions(regions_path(tar), rows)
        shards.append(dict(name=tar.stem, images=SHARD_IMAGES, kinds={'object': SHARD_IMAGES}))
    write_meta(root, dict(
        schema_version=1, num_shards=SHARDS, num_images=SHARDS * SHARD_IMAGES, made_by={}, shards=shards,
        num_regions=dict(object=SHARDS * SHARD_IMAGES * REGIONS), num_classes=dict(object=100)))
    return root


def _photo(rng: np.random.Generator) -> np.ndarray:
    """Noise at six scales, uint8, (480, 640, 3)."""
    photo = np.full((HEIGHT, WIDTH, 3), 128, np.float32)
    for cells, contrast in ((4, 60), (8, 50), (16, 40), (64, 20), (128, 12), (256, 6)):
        noise = rng.normal(0, contrast, (cells * HEIGHT // WIDTH, cells, 3)).astype(np.float32)
        photo += cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.clip(photo, 0, 255).astype(np.uint8)


class _Decoder:
    """The baseline as a dataset: decodes and resizes a JPEG in memory."""

    def __init__(self, root: Path) -> None:
        self.contents = []
        for tar in sorted(root.glob('*.tar')):
            whole = tar.read_bytes()
            self.contents += [np.frombuffer(whole[start:start + size], np.uint8)
                              for start, size in index_tar(tar).values()]

    def __len__(self) -> int:
        return len(self.contents)

    def __getitem__(self, index: int) -> int:  # an index past the end ends a loop over it
        return len(cv2.resize(cv2.imdecode(self.contents[index], cv2.IMREAD_COLOR), (SIDE, SIDE)))


class _OnePass:
    """The batches of one pass of an endless sampler, each time it is asked."""

    def __init__(self, batches: ExactBatchSampler, number: int) -> None:
        self.batches, self.number = batches, number

    def __len__(self) -> int:
        return self.number

    def __iter__(self) -> Iterator[list]:
        return islice(iter(self.batches), self.number)


def _contenders(root: Path, workers: int, seed: int) -> Dict[str, Any]:
    baseline, batches = _Decoder(root), SHARDS * SHARD_IMAGES // BATCH
    loaders = dict(decode=partial(DataLoader, baseline, collate_fn=len, batch_size=BATCH))
    for name, reduced in (('reader', True), ('full', False)):
        dataset = SeededDataset(RegionShardDataset(str(root), kinds=['object'], pipeline=[
            dict(type='mmrice.LoadImageFromShard', reduced=reduced),
            dict(type='mmrice.RandomResizedRegionCrop', scale=(SIDE, SIDE)),
            dict(type='mmrice.RandomRegionFlip', prob=0.5),
            dict(type='mmrice.SampleRegions', num_regions=REGIONS),
            dict(type='mmrice.PackRegionInputs')]))
        sampler = ExactBatchSampler(MixedSampler(dataset, seed=seed), BATCH, seed=seed)
        loaders[name] = partial(DataLoader, dataset, batch_sampler=_OnePass(sampler, batches),
                                collate_fn=region_collate)
    contenders = {name: partial(_drain, loader(num_workers=workers, persistent_workers=workers > 0))
                  for name, loader in loaders.items()}
    return contenders if workers else {**contenders, 'decode': partial(_drain, baseline)}


def _drain(samples: Iterable) -> None:
    for _ in samples:
        pass

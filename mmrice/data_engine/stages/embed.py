"""Embed: boxes of images -> vectors, in batches across images."""
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, List, Tuple

import numpy as np

from mmrice.utils import UserError, atomic_path

from ..images import decode_jpeg
from ..workspace import Workspace, read_tar
from .job import Done

BATCH_SIZE = 64  # of an encoder that does not say


def embed_shard(encoder: Any, space: Workspace, shard: str, _: None) -> Done:
    """Write ``embed.npy``: one float16 row of length one for each proposed region, in order.

    Rows are written batch by batch; in memory are two batches, whatever the number of images.
    """
    with np.load(space.work(shard, 'propose', 'npz')) as proposals:
        total = int(proposals['counts'].sum())
        boxes = np.split(proposals['boxes'], np.cumsum(proposals['counts'])[:-1])
    output = space.work(shard, 'embed', 'npy')
    images = ((decode_jpeg(jpeg), image_boxes)
              for image_boxes, (_, jpeg) in zip(boxes, read_tar(space.tar(shard))) if len(image_boxes))
    with atomic_path(output) as temporary:
        _write_rows(temporary, _checked(embed(encoder, images), encoder, space.tar(shard)), total)
    return [output], {'regions': total}


def embed(encoder: Any, images: Iterable[Tuple[np.ndarray, np.ndarray]]) -> Iterator[Tuple[int, np.ndarray]]:
    """Embed regions batch by batch; images are decoded and cut up in a thread while the model runs.

    Args:
        encoder: ``encoder(images, boxes) -> rows``; with ``prepare`` and ``embed`` (see
            :class:`~mmrice.data_engine.encoders.Encoder`), ``prepare`` runs in the thread. ``encoder.batch_size``
            regions are a batch, those of one image may be in two; or as many images where ``encoder.batch_of`` is
            'images'.
        images: Each with its boxes, at least one.

    Yields:
        tuple: How many regions were asked for, and their rows.
    """
    prepare, run = _halves(encoder)
    batches = _batches(prepare, images, getattr(encoder, 'batch_size', BATCH_SIZE),
                       getattr(encoder, 'batch_of', 'regions') == 'regions')
    for count, batch in one_ahead(batches):
        yield count, run(batch)


def one_ahead(items: Iterator[Any]) -> Iterator[Any]:
    """Yield the items; the next one is made in a thread meanwhile."""
    with ThreadPoolExecutor(1) as thread:
        done = object()
        coming = thread.submit(next, items, done)
        while (item := coming.result()) is not done:
            coming = thread.submit(next, items, done)
            yield item


def _halves(encoder: Any) -> Tuple[Callable, Callable]:
    if hasattr(encoder, 'prepare') and hasattr(encoder, 'embed'):
        return encoder.prepare, encoder.embed
    return (lambda *pair: pair), (lambda pairs: encoder(*map(list, zip(*pairs))))


def _batches(prepare: Callable, images: Iterable[Tuple[np.ndarray, np.ndarray]], size: int,
             cut: bool) -> Iterator[Tuple[int, List[Any]]]:
    """Yield (regions, prepared images); full at ``size`` regions, or images where those of one may not be cut up."""
    batch: List[Any] = []
    count = filled = 0
    for image, boxes in images:
        while len(boxes):
            taken, boxes = (boxes[:size - filled], boxes[size - filled:]) if cut else (boxes, boxes[:0])
            batch.append(prepare(image, taken))
            count, filled = count + len(taken), filled + (len(taken) if cut else 1)
            if filled == size:
                yield count, batch
                batch, count, filled = [], 0, 0
    if batch:
        yield count, batch


def _checked(batches: Iterable[Tuple[int, np.ndarray]], encoder: Any, tar: Path) -> Iterator[np.ndarray]:
    """Pass on the rows.

    Raises:
        UserError: The encoder returned another number of rows, or numbers that are not finite.
    """
    for count, rows in batches:
        if rows.ndim != 2 or len(rows) != count:
            raise UserError(f'{tar}: {type(encoder).__name__} returned an array of shape {rows.shape} for {count} '
                            f'regions, expected ({count}, D).')
        if not np.isfinite(rows).all():
            raise UserError(f'{tar}: {type(encoder).__name__} returned numbers that are not finite. Check the weights, '
                            "or set engine.embed.dtype to 'float32'.")
        yield rows


def _write_rows(path: Path, batches: Iterable[np.ndarray], total: int) -> None:
    """Write what ``np.save`` would of all rows, without having them all."""
    with open(path, 'wb') as stream:
        width = None
        for rows in batches:
            if width is None:
                width = rows.shape[1]
                _write_header(stream, (total, width))
            stream.write(np.ascontiguousarray(rows, np.float16).tobytes())
        if width is None:
            _write_header(stream, (0, 0))


def _write_header(stream: Any, shape: Tuple[int, int]) -> None:
    np.lib.format.write_array_header_1_0(stream, {'descr': '<f2', 'fortran_order': False, 'shape': shape})

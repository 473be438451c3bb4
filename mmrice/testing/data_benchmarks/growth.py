"""How time and memory of the stages of a build grow with the number of images.

Drawn images go through the whole engine, in shards of equal size, with one worker process: selective search on 64 px,
the handcrafted encoder, k-means on a sample of bounded size. Each stage runs by itself and is timed as a user runs it.
"""
import contextlib
import io
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

import cv2
import numpy as np

from mmrice.utils import UserError
from mmrice.utils.timing import resident_memory

Row = Dict[str, Any]
IMAGES_PER_SHARD = 100
WARM_UP = 24  # images of a build that does not count: it loads the libraries


def measure(sizes: Sequence[int] = (100, 1000, 10_000), seed: int = 0, ocr: bool = False,
            report: Callable[[str], Any] = lambda line: None) -> Tuple[List[Row], Dict[str, float]]:
    """Build from each number of images.

    Args:
        sizes: Numbers of images, rising.
        seed: Of the images.
        ocr: Read text, too; takes some 0.1 s an image.
        report: Gets a line when a stage has ended.

    Returns:
        tuple: Rows of ``stage``, ``images``, ``seconds``, ``images_per_s``, ``peak_mib`` (most memory of the process
        that does the work: for cluster the one that runs the build, else the worker) and ``build_peak_mib`` (of the
        process that runs the build); and with two sizes or more, for each stage, ``<stage>_time_exponent`` (slope of
        time over images in logarithms: 1 is linear, 0 constant) and ``<stage>_mib_per_1000_images`` (by how much the
        peak rises from the fewest images to the most: 0 is flat), which there is for ``build`` as well, the process
        that runs the build, without stage cluster.

    Raises:
        UserError: The sizes do not rise, or this is not Linux.
    """
    from mmrice.data_engine.executors import LocalExecutor
    sizes = list(sizes)
    if not sizes or sizes[0] < WARM_UP or sizes != sorted(set(sizes)):
        raise UserError(f'--sizes are {" ".join(map(str, sizes)) or "missing"}, expected rising numbers of images, '
                        f'{WARM_UP} or more.')
    rows: List[Row] = []
    with LocalExecutor(1) as executor, tempfile.TemporaryDirectory(prefix='mmrice-growth-') as folder:
        list(build_stages(Path(folder, 'warm-up'), WARM_UP, executor, seed, ocr))
        for number in sizes:
            for row in build_stages(Path(folder, str(number)), number, executor, seed, ocr):
                report(f'{row["stage"]}: {number:,} images in {row["seconds"]:.1f} s')
                rows.append(row)
    return rows, growth(rows)


def engine_config(images: Path, ocr: bool) -> Dict[str, Any]:
    """The engine that is measured."""
    config = {
        'ingest': {'type': 'mmrice.ImageFolders', 'sources': {'drawn': str(images)}, 'min_edge': 64,
                   'images_per_shard': IMAGES_PER_SHARD},
        'propose': {'type': 'mmrice.SelectiveSearchProposer', 'work_edge': 64, 'scales': [100], 'min_edge': 16,
                    'max_regions': 8},
        'embed': {'type': 'mmrice.HandcraftedEncoder'},
        'cluster': {'type': 'mmrice.FaissKMeans', 'num_clusters': 32, 'num_threads': 1},
        'label': {'vocabulary': {'type': 'mmrice.WordVocabulary', 'min_count': 1}},
    }
    return {**config, 'ocr': {'type': 'mmrice.RapidOCRReader'}} if ocr else config


def draw_images(folder: Path, count: int, seed: int, size: int = 128) -> None:
    """Write JPEGs of shapes and a word on a noisy ground, all different."""
    folder.mkdir(parents=True)
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        image = rng.integers(90, 120, (size, size, 3), dtype=np.uint8)
        for _ in range(6):
            (x, y), half = rng.integers(10, size - 10, 2), rng.integers(8, 30)
            corners = (int(x - half), int(y - half)), (int(x + half), int(y + half))
            cv2.rectangle(image, *corners, rng.integers(0, 256, 3).tolist(), -1)
        cv2.putText(image, f'ROOM {number % 90}', (8, size // 2), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 2)
        cv2.imwrite(str(folder / f'{number:06d}.jpg'), image)


def build_stages(folder: Path, images: int, executor: Any, seed: int, ocr: bool) -> Iterator[Row]:
    """Draw images and run the stages one by one; yields the row of each."""
    from mmrice.data_engine.build import Build
    draw_images(folder / 'images', images, seed)
    build = Build(engine_config(folder / 'images', ocr), folder / 'out', executor)
    for stage in build.stages:
        _memory_of_worker(executor, True)
        resident_memory(reset_peak=True)
        start = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            build.run([stage])
        seconds = time.perf_counter() - start
        own, worker = resident_memory()[1] / 2**20, _memory_of_worker(executor, False) / 2**20
        yield {'stage': stage, 'images': images, 'seconds': seconds, 'images_per_s': images / seconds,
               'peak_mib': own if stage == 'cluster' else worker, 'build_peak_mib': own}


def _memory_of_worker(executor: Any, reset: bool) -> int:
    """Peak of the only worker, bytes."""
    (_, (_, peak)), = executor.map(resident_memory, [reset])
    return peak


def growth(rows: Sequence[Row]) -> Dict[str, float]:
    """Exponents of time, and slopes of memory; see :func:`measure`."""
    least, most = rows[0]['images'], rows[-1]['images']
    if least == most:
        return {}

    def slope(peaks: Sequence[Row], key: str) -> float:
        first, last = (max(row[key] for row in peaks if row['images'] == images) for images in (least, most))
        return 1000 * (last - first) / (most - least)

    ratios = {}
    for stage in dict.fromkeys(row['stage'] for row in rows):
        own = [row for row in rows if row['stage'] == stage]
        images, seconds = np.log([[row['images'], row['seconds']] for row in own]).T
        ratios[f'{stage}_time_exponent'] = float(np.polyfit(images, seconds, 1)[0])
        ratios[f'{stage}_mib_per_1000_images'] = slope(own, 'peak_mib')
    ratios['build_mib_per_1000_images'] = slope([row for row in rows if row['stage'] != 'cluster'], 'build_peak_mib')
    return ratios

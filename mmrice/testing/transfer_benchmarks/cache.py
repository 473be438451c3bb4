"""A frozen probe with features on disk against the same without: first pass, later passes, bytes an image."""
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Dict, List, Tuple, Union

from mmrice.utils.timing import speedup, time_in_turn

from .probe import Probe, draw_batch, synchronizer

Row = Dict[str, Any]
BATCHES = 3


def measure(arch: Union[str, dict] = 'small', side: int = 224, batch: int = 4, device: str = 'cpu', repeats: int = 5,
            seed: int = 0) -> Tuple[List[Row], Dict[str, float]]:
    """Passes over three batches, in turn: without cache, with an empty one, with the one that this has filled.

    Args:
        arch: Of :class:`mmrice.RICEViT`, patches of 16 px.
        side: Of the images, px.
        batch: Images a step.
        device: 'cpu' or 'cuda'.
        repeats: Rounds that count.
        seed: Of weights and images.

    Returns:
        tuple: Rows of ``cache`` ('none', 'first pass', 'later pass'), ``step_s``, ``kib_an_image`` (on disk); and the
        ratios ``cache_first_pass_speedup``, ``cache_later_pass_speedup``, against none.
    """
    batches = [draw_batch(batch, side, device, seed + number) for number in range(BATCHES)]
    with TemporaryDirectory(prefix='mmrice-cache-') as folder:
        plain, probe = Probe(arch, True, device, seed=seed), Probe(arch, True, device, folder, seed)
        cache, rounds = probe.model.backbone.cache, iter(range(repeats + 2))

        def first() -> None:
            cache.folder = Path(folder, str(next(rounds)))
            passes(probe)

        def passes(which: Probe) -> None:
            for images, samples in batches:
                which.step(images, samples)

        times = time_in_turn({'none': lambda: passes(plain), 'first pass': first, 'later pass': lambda: passes(probe)},
                             repeats, warmup=1, synchronize=synchronizer(device))
        files = list(cache.folder.rglob('*.safetensors'))
        size = sum(file.stat().st_size for file in files) / len(files) / 1024
    rows = [{'cache': name, 'step_s': median(seconds) / BATCHES, 'kib_an_image': None if name == 'none' else size}
            for name, seconds in times.items()]
    return rows, {'cache_first_pass_speedup': speedup(times, 'first pass', 'none'),
                  'cache_later_pass_speedup': speedup(times, 'later pass', 'none')}

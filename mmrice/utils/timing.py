"""Time contenders in turn, so that what else the machine does falls on all of them alike; memory of a process."""
import ctypes
import time
from pathlib import Path
from statistics import median
from typing import Callable, Dict, List, Tuple

from .errors import UserError

Times = Dict[str, List[float]]


def time_in_turn(contenders: Dict[str, Callable[[], object]], repeats: int, warmup: int = 2,
                 synchronize: Callable[[], object] = lambda: None) -> Times:
    """Call each contender once a round.

    Args:
        contenders: {name: what to time}.
        repeats: Rounds that count.
        warmup: Rounds before them that do not.
        synchronize: Waits for the accelerator.

    Returns:
        dict: {name: seconds of each round}.
    """
    times: Times = {name: [] for name in contenders}
    for number in range(warmup + repeats):
        for name, contender in contenders.items():
            synchronize()
            start = time.perf_counter()
            contender()
            synchronize()
            if number >= warmup:
                times[name].append(time.perf_counter() - start)
    return times


def speedup(times: Times, name: str, baseline: str) -> float:
    """How many times faster than the baseline: the median of the ratios of the rounds."""
    return median(theirs / ours for theirs, ours in zip(times[baseline], times[name]))


def resident_memory(reset_peak: bool = False) -> Tuple[int, int]:
    """Bytes of memory that this process has now, and the most it has had.

    Args:
        reset_peak: Count the most from now on.

    Raises:
        UserError: Not on Linux.
    """
    try:
        if reset_peak:
            ctypes.CDLL(None).malloc_trim(0)  # what was freed does not count as there
            Path('/proc/self/clear_refs').write_text('5')
        status = dict(line.split(':', 1) for line in Path('/proc/self/status').read_text().splitlines())
    except (OSError, AttributeError) as error:
        raise UserError('The memory of a process is measured on Linux only.') from error
    return tuple(1024 * int(status[key].split()[0]) for key in ('VmRSS', 'VmHWM'))

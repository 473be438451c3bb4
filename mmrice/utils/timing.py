"""Time contenders in turn, so that what else the machine does falls on all of them alike."""
import time
from statistics import median
from typing import Callable, Dict, List

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

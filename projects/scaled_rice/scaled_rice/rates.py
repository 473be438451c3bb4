"""Learning rates, chosen on the validation scenes."""
from pathlib import Path
from typing import Dict, Optional, Sequence

from .contenders import CONTENDERS, LEARNING_RATES
from .jobs import VALIDATION
from .measures import CHOSEN_BY, read_metric


def tried(out: Path, name: str) -> Dict[float, Optional[float]]:
    """{learning rate: accuracy on the validation scenes in per cent, None where it was not run} of a contender."""
    paths = {rate: out / 'grid' / name / f'{rate:g}' / f'{VALIDATION}.json' for rate in LEARNING_RATES}
    return {rate: read_metric(path, CHOSEN_BY) if path.is_file() else None for rate, path in paths.items()}


def choose(out: Path, names: Sequence[str], missing: bool = False) -> Dict[str, float]:
    """The best learning rate of each contender; of equal ones the least.

    Args:
        out: Folder of all runs.
        names: Some of ``CONTENDERS``.
        missing: Whether one that was not tried gets a middle rate, for a list of jobs; else it is left out.

    Returns:
        dict: Contender -> learning rate; of a fixed length, any.
    """
    chosen = {}
    for name in names:
        found = {rate: value for rate, value in tried(out, name).items() if value is not None}
        if CONTENDERS[name].length or (missing and not found):
            chosen[name] = LEARNING_RATES[len(LEARNING_RATES) // 2]
        elif found:
            chosen[name] = max(found, key=found.get)
    return chosen

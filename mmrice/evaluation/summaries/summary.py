"""Summary: everything that one metric has computed."""
from dataclasses import dataclass, field
from typing import Any, Dict, Optional, Set

import numpy as np

# {row or class: {column: per cent, or a count or word}}; None is what could not be measured
Numbers = Dict[str, Dict[str, Any]]


@dataclass
class Summary:
    """Numbers of one metric, unrounded, in per cent.

    Args:
        name: The metric's prefix, such as 'coco', else what it measures.
        rows: Such as {'bbox': {'AP': 38.91, ...}, 'segm': ...}, or {'all', 'things', 'stuff'} of PQ.
        classes: The same of each class, {row: {class: {column: value}}}.
        covers: Names of the metric's returned values that the rows hold, too.
    """
    name: str
    rows: Numbers = field(default_factory=dict)
    classes: Dict[str, Numbers] = field(default_factory=dict)
    covers: Set[str] = field(default_factory=set)


def percent(fraction: float) -> Optional[float]:
    """A fraction in per cent; None for a negative one, COCO's sign for 'no such object', and for not-a-number."""
    return 100 * float(fraction) if fraction >= 0 else None


def mean_percent(values: np.ndarray) -> Optional[float]:
    """Mean of fractions of any shape in per cent, negative ones left out; None where nothing is left."""
    values = values[values > -1]
    return 100 * float(values.mean()) if values.size else None

"""Verdicts on the paper's claims, by a rule.

Of two settings one is ahead in a measure when the difference of their means exceeds twice the root of the sum of their
variances over seeds (sample variances, and that of rounding; for three seeds each, that is a t-test at about 2.5 %,
two-sided). Settings that were run with one seed are taken to vary as RICE's main runs do, and the difference must be
4.3 times that root (a t-test at 5 %, were they the only two). A measure of contenders counts where one of the two is
ahead of random weights. A claim is

- *reproduced* when what it prefers is ahead in half of its comparisons or more, and behind in none;
- *not reproduced* when that is behind in half of them or more, and ahead in none;
- *not decidable at this scale* otherwise, and where a comparison is missing or none counts.

Measures of one encoder are not independent of each other, and seeds change initial weights and order, not the data.
"""
from dataclasses import dataclass
from statistics import mean, variance
from typing import Dict, List, Optional, Sequence

ROUNDING = 0.05**2  # most by which a number known to a tenth is wrong, squared
REPRODUCED, NOT_REPRODUCED, OPEN = 'reproduced', 'not reproduced', 'not decidable at this scale'


@dataclass(frozen=True)
class Comparison:
    """One measure of two settings.

    Attributes:
        preferred: Values of what the claim prefers, one a seed.
        other: Values of the other.
        spread: Standard deviation of a run, for settings with one seed; None where it is not known.
    """
    preferred: Sequence[float]
    other: Sequence[float]
    spread: Optional[float] = None

    def outcome(self) -> Optional[int]:
        """1 where the preferred is ahead, -1 where it is behind, 0 where neither; None where it cannot be told."""
        sides = (self.preferred, self.other)
        variances = [_variance(values, self.spread) for values in sides]
        if None in variances:
            return None
        difference = mean(self.preferred) - mean(self.other)
        if abs(difference) <= (2 if all(len(values) > 1 for values in sides) else 4.3) * sum(variances)**0.5:
            return 0
        return 1 if difference > 0 else -1


def _variance(values: Sequence[float], spread: Optional[float]) -> Optional[float]:
    if len(values) > 1:
        return variance(values) + ROUNDING
    return None if not values or spread is None else spread**2 + ROUNDING


@dataclass(frozen=True)
class Verdict:
    """What follows for a claim.

    Attributes:
        word: One of the three.
        ahead, level, behind: Measures in which the preferred is so.
        missing: Measures that cannot be told.
    """
    word: str
    ahead: List[str]
    level: List[str]
    behind: List[str]
    missing: List[str]


def judge(comparisons: Dict[str, Comparison]) -> Verdict:
    """Apply the rule.

    Args:
        comparisons: Name of a measure -> what was measured.
    """
    outcomes = {name: comparison.outcome() for name, comparison in comparisons.items()}
    ahead, level, behind, missing = ([name for name, outcome in outcomes.items() if outcome == kind]
                                     for kind in (1, 0, -1, None))
    count, word = len(outcomes), OPEN
    if count and 2 * len(ahead) >= count and not behind and not missing:
        word = REPRODUCED
    elif count and 2 * len(behind) >= count and not ahead and not missing:
        word = NOT_REPRODUCED
    return Verdict(word, ahead, level, behind, missing)

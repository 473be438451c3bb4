"""The paper's claims as comparisons of what was run."""
from dataclasses import dataclass
from pathlib import Path
from statistics import stdev
from typing import Callable, Dict, List, Optional, Sequence

from .contenders import sweeps
from .jobs import sweep_folder
from .measures import DENSE, MEASURES, SWEPT, read_runs
from .verdicts import Comparison

Comparisons = Dict[str, Comparison]


@dataclass(frozen=True)
class Runs:
    """Where results are.

    Attributes:
        out: Folder of all runs.
        budget: Its name.
        seeds: Of the main runs.
        sweep_seeds: Of the sweeps.
    """
    out: Path
    budget: str
    seeds: Sequence[int]
    sweep_seeds: Sequence[int]

    def main(self, contender: str, measure: str) -> List[float]:
        """Values of a contender's seeds."""
        return read_runs(self.out / 'main' / contender, MEASURES[measure], self.seeds)

    def swept(self, name: str, value: str, measure: str) -> List[float]:
        """Values of a setting's seeds in a sweep."""
        options = sweeps(self.budget)[name].values[value]
        folder = self.out / (sweep_folder(name, value) if options else 'sweep/base')
        return read_runs(folder, MEASURES[measure], self.sweep_seeds)

    def spread(self, measure: str) -> Optional[float]:
        """Standard deviation of RICE's main runs."""
        values = self.main('rice', measure)
        return stdev(values) if len(values) > 1 else None


def _rice_against(other: str, measures: Sequence[str]) -> Callable[[Runs], Comparisons]:
    def compare(runs: Runs) -> Comparisons:
        return {MEASURES[measure].title + _where(measure):
                Comparison(runs.main('rice', measure), runs.main(other, measure))
                for measure in measures if _tells(runs, measure, ('rice', other))}
    return compare


def _tells(runs: Runs, measure: str, names: Sequence[str]) -> bool:
    """Whether one of the contenders is ahead of random weights in it, or that is not known."""
    random = runs.main('random', measure)
    return any(Comparison(runs.main(name, measure), random).outcome() in (1, None) for name in names)


def _best(name: str) -> Callable[[Runs], Comparisons]:
    def compare(runs: Runs) -> Comparisons:
        sweep = sweeps(runs.budget)[name]
        return {f'{MEASURES[measure].title}{_where(measure)}, {sweep.claimed} against {value}':
                Comparison(runs.swept(name, sweep.claimed, measure), runs.swept(name, value, measure),
                           runs.spread(measure))
                for value in sweep.values if value != sweep.claimed for measure in SWEPT}
    return compare


def _where(measure: str) -> str:
    split = measure.rpartition('-')[2]
    return '' if split == 'trees' else f' ({split})'


CLAIMS: Dict[str, Callable[[Runs], Comparisons]] = {
    'Clusters of regions make better dense features than clusters of images: RICE against MLCD':
        _rice_against('mlcd', DENSE),
    'Clusters of regions make better dense features than contrast of images with texts: RICE against CLIP':
        _rice_against('clip', DENSE),
    'The OCR head helps the object head: RICE against objects only':
        _rice_against('rice-objects', [name for name in DENSE if not name.endswith('trees')]),
    'The object head helps the OCR head: RICE against OCR only, in words':
        _rice_against('rice-ocr', ['words-unseen', 'words-seen']),
    'N = 10 regions an image are better than fewer': _best('regions'),
    'rho = 0.1 of the negatives is the right share': _best('ratio'),
    'More classes help: the most against fewer': _best('clusters'),
}

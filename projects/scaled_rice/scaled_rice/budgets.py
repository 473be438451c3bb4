"""Budgets: what configs read, and how many seeds and at what part of the length the rest is done."""
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Tuple

from mmengine.config import Config

from .contenders import CONTENDERS, LEARNING_RATES

PROJECT = Path(__file__).resolve().parents[1]
VARIABLE = 'SCALED_RICE'  # environment variable by which configs know their budget


@dataclass(frozen=True)
class Budget:
    """A budget.

    Attributes:
        name: 'cpu', 'gpu' or 'smoke'.
        settings: Content of ``configs/_base_/budgets/NAME.py``.
        contenders: Who is compared unless told otherwise.
        seeds: Of the main runs, unless told otherwise.
        sweep_seeds: Of the sweeps; none: no sweeps.
        rates: Learning rates that are tried.
        share: Part of the pretraining's iterations with which learning rates are tried and settings varied.
        at_once: Most jobs at once, unless told otherwise; on one GPU they share its memory.
    """
    name: str
    settings: Dict[str, Any]
    contenders: Tuple[str, ...] = tuple(CONTENDERS)
    seeds: Tuple[int, ...] = (0, 1, 2)
    sweep_seeds: Tuple[int, ...] = (0, )
    rates: Tuple[float, ...] = LEARNING_RATES
    share: float = 1 / 3
    at_once: int = 8

    def iterations(self, share: float = 1.) -> int:
        """Iterations of a pretraining of a part of the full length."""
        return max(3, round(self.settings['pretraining']['iters'] * share))


OWN: Dict[str, Dict[str, Any]] = {
    'cpu': {},
    'gpu': {},
    'smoke': dict(contenders=('random', 'rice'), seeds=(0, ), sweep_seeds=(), rates=LEARNING_RATES[2:3]),
}
NAMES = tuple(OWN)


def read_budget(name: str) -> Budget:
    """Read a budget, and let the configs of all commands know it by the environment variable."""
    os.environ[VARIABLE] = name
    settings = Config.fromfile(PROJECT / 'configs' / '_base_' / 'budgets' / f'{name}.py').to_dict()
    return Budget(name, settings, **OWN[name])

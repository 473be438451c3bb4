"""SeedHook: each iteration's random numbers follow from its number."""
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmrice.registry import HOOKS
from mmrice.utils.seeding import mix

from ..seeding import seed_all

_EPOCH, _ITERATION = 1, 2


@HOOKS.register_module()
class SeedHook(Hook):
    """Seed Python, NumPy and torch before each epoch and each iteration from (seed of the run, number).

    What the model draws (drop path, sampling of negatives, of proposals) is then the same whether the run was resumed
    or not, and whatever hooks, workers or evaluations drew in between. ``randomness.diff_rank_seed=True`` gives each
    rank its own numbers.
    """
    priority = 'HIGHEST'

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed an epoch; iteration-based training has one."""
        seed_all(mix(runner.seed, _EPOCH, runner.epoch))

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Seed an iteration; its batch has been loaded before."""
        seed_all(mix(runner.seed, _ITERATION, runner.iter))

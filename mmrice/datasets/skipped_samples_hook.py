"""SkippedSamplesHook: how many damaged samples a run has skipped."""
from typing import Any, List, Optional

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmrice.registry import HOOKS

from .skip_counter import SkipCounter


@HOOKS.register_module()
class SkippedSamplesHook(Hook):
    """Log how many damaged samples of the training data all ranks and their workers have skipped, when it has changed.

    Args:
        interval (int): Iterations between looks; another one follows at the end. Defaults to 1000.
    """
    priority = 'LOW'

    def __init__(self, interval: int = 1000) -> None:
        self.interval = interval
        self._logged = 0

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: Optional[dict] = None) -> None:
        """Look at the interval."""
        if self.every_n_train_iters(runner, self.interval):
            self._report(runner)

    def after_train(self, runner: Runner) -> None:
        """Look at the end."""
        self._report(runner)

    def _report(self, runner: Runner) -> None:
        counters = find_counters(runner.train_dataloader.dataset)
        if not counters:
            return
        total = torch.tensor(sum(counter.total for counter in counters))
        all_reduce(total)
        if total > self._logged:
            self._logged = int(total)
            limits = ' + '.join(str(counter.limit) for counter in counters)
            runner.logger.warning(f'{self._logged} damaged training samples skipped so far, by all ranks together '
                                  f'(max_skipped of a rank: {limits}).')


def find_counters(dataset: Any) -> List[SkipCounter]:
    """The counters of a dataset and of the datasets inside it."""
    parts = getattr(dataset, 'datasets', None)
    if parts is not None:
        return [counter for part in parts for counter in find_counters(part)]
    own = getattr(dataset, 'skipped', None)
    if isinstance(own, SkipCounter):
        return [own]
    return find_counters(dataset.dataset) if hasattr(dataset, 'dataset') else []

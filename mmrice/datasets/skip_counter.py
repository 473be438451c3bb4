"""SkipCounter: damaged samples, counted over a process and its data workers."""
import logging

import torch
from mmengine.logging import print_log
from torch.utils.data import get_worker_info

from mmrice.utils import UserError

_SLOTS = 256  # workers that count without sharing a slot
_SHOWN = 20


class SkipCounter:
    """Counts skipped samples in memory that data workers share with the process that trains.

    The first few of each worker are logged one by one; :class:`mmrice.SkippedSamplesHook` logs the sum over all workers
    and ranks.

    Args:
        limit (int): How many a process and its workers may skip.

    Attributes:
        limit (int): As above.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._counts = torch.zeros(_SLOTS, dtype=torch.int64).share_memory_()

    @property
    def total(self) -> int:
        """Samples skipped so far, by this process and its workers."""
        return int(self._counts.sum())

    def skip(self, reason: str) -> None:
        """Count a sample.

        Args:
            reason: Which one, and what is wrong with it.

        Raises:
            UserError: There were too many.
        """
        worker = get_worker_info()
        slot = 0 if worker is None else 1 + worker.id % (_SLOTS - 1)
        self._counts[slot] += 1
        total = self.total
        if total > self.limit:
            raise UserError(f'{reason}, and {total - 1} samples were skipped before it. Build the shards again, or '
                            f'raise max_skipped={self.limit} of RegionShardDataset.')
        if self._counts[slot] <= _SHOWN:
            print_log(f'{reason}; skipped ({total} so far).', logger='current', level=logging.WARNING)

    def __deepcopy__(self, memo: dict) -> 'SkipCounter':
        """A subset of a dataset counts anew: a plain copy would not be shared."""
        return SkipCounter(self.limit)

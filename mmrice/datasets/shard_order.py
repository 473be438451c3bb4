"""Pseudo-random orders without a table of them: of a range, and of samples in shards that ranks share out."""
from bisect import bisect_right
from typing import List, Sequence

import numpy as np

from mmrice.utils.seeding import mix

_WORD = 2**64 - 1
_SHARDS, _WINDOW = 0, 1  # what a seed is for


def permuted(index: int, length: int, keys: Sequence[int]) -> int:
    """Where a pseudo-random permutation of ``range(length)`` sends an index, without a table of it.

    A Feistel network on the smallest square power of two that holds the range, walked until it is back inside.

    Args:
        index: 0 to ``length`` - 1.
        length: Of the range.
        keys: One 63-bit number for each round; other keys, another permutation.

    Returns:
        int: 0 to ``length`` - 1, another one for each index.
    """
    half = max(1, ((length - 1).bit_length() + 1) // 2)
    mask = (1 << half) - 1
    while True:
        left, right = index >> half, index & mask
        for key in keys:
            word = (right ^ key) * 0x9E3779B97F4A7C15 & _WORD
            left, right = right, left ^ ((word ^ word >> 29) * 0xBF58476D1CE4E5B9 >> 32 & mask)
        index = left << half | right
        if index < length:
            return index


def round_keys(*numbers: int) -> List[int]:
    """Four keys for :func:`permuted` out of numbers that say where the permutation is used."""
    return [mix(*numbers, number) for number in range(4)]


class ShardOrder:
    """What one rank draws, pass after pass, so that it meets few shards at a time.

    In a pass the shards stand in line in a random order. The line of samples is cut into one piece a rank, so a rank
    meets its share of the shards and two more at most; pieces differ by one sample at most, and ranks take the longer
    ones in turn, so that each sample is drawn once a pass and no rank ever is more than one sample ahead. Within its
    piece a rank goes from window to window, each ``window`` shards long, and draws a window's samples in random order.

    Any draw is found in O(log shards); a new pass takes O(shards).

    Args:
        sizes: Samples of each shard, in the order of the data set.
        window: Shards that are shuffled together.
        rank: Of this process.
        world_size: Number of processes.
        seeds: Of the order; the same on all ranks.
    """

    def __init__(self, sizes: Sequence[int], window: int, rank: int, world_size: int, *seeds: int) -> None:
        self._sizes = np.asarray(sizes, dtype=np.int64)
        self._starts = np.cumsum(self._sizes) - self._sizes
        self._total = int(self._sizes.sum())
        self._window, self._rank, self._world_size, self._seeds = window, rank, world_size, seeds
        self._epoch = -1

    def __getitem__(self, draw: int) -> int:
        """Index in the data set of a draw of this rank, counted from the beginning of training."""
        epoch = ((draw + 1) * self._world_size - 1 - self._rank) // self._total
        if epoch != self._epoch:
            self._begin(epoch)
        position = self._first + draw - self._drawn_before(epoch)
        if not self._low <= position < self._high:
            self._enter_window(position)
        place = self._low + permuted(position - self._low, self._high - self._low, self._keys)
        nth = bisect_right(self._ends, place)
        shard = self._shards[nth]
        return int(self._starts[shard] + self._sizes[shard]) - (self._ends[nth] - place)

    def _drawn_before(self, epoch: int) -> int:
        """Draws of this rank before a pass; those of all ranks sum up to ``epoch`` times the samples."""
        return (epoch * self._total + self._rank) // self._world_size

    def _drawn_by_lower_ranks(self, epoch: int) -> int:
        whole, rest = divmod(epoch * self._total, self._world_size)
        return self._rank * whole + max(0, self._rank + rest - self._world_size)

    def _begin(self, epoch: int) -> None:
        count, keys = len(self._sizes), round_keys(*self._seeds, epoch, _SHARDS)
        self._epoch = epoch
        self._shards = [permuted(place, count, keys) for place in range(count)]
        self._ends = np.cumsum(self._sizes[self._shards]).tolist()
        self._first = self._drawn_by_lower_ranks(epoch + 1) - self._drawn_by_lower_ranks(epoch)
        self._last = self._first + self._drawn_before(epoch + 1) - self._drawn_before(epoch)
        self._low = self._high = -1

    def _enter_window(self, position: int) -> None:
        head, here = bisect_right(self._ends, self._first), bisect_right(self._ends, position)
        number = (here - head) // self._window
        begin = head + number * self._window
        end = min(begin + self._window, len(self._ends))
        self._low = max(self._first, self._ends[begin - 1] if begin else 0)
        self._high = min(self._last, self._ends[end - 1])
        self._keys = round_keys(*self._seeds, self._epoch, _WINDOW, self._rank, number)

"""MixedSampler: an endless stream of samples from several datasets in a fixed ratio."""
from typing import Iterator, List, Optional, Sequence, Sized

from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from mmrice.registry import DATA_SAMPLERS
from mmrice.utils import UserError
from mmrice.utils.seeding import mix

_WORD = 2**64 - 1


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


@DATA_SAMPLERS.register_module()
class MixedSampler(Sampler):
    """Endless samples of the parts of a ``ConcatDataset`` in a fixed ratio, whatever their sizes.

    Each rank takes ``ratio[0]`` samples of the first dataset, then ``ratio[1]`` of the second and so on, over and over,
    so that every batch has the ratio. A dataset is passed through in a new random order each time, and ranks share a
    pass. Nothing is stored or counted through: memory, and the time to skip to any place, do not grow with the data.

    Args:
        dataset (Sized): A ``ConcatDataset``, or any other dataset, which is one part then.
        ratio (Sequence[int], optional): Samples of each part in turn. Defaults to None: one of each.
        shuffle (bool): Draw in random order. Defaults to True.
        seed (int, optional): Of the order. Defaults to None: one that all ranks agree on.

    Raises:
        UserError: The ratio does not fit the parts, or a part is empty.

    Example:
        >>> from mmrice.datasets import MixedSampler
        >>> from torch.utils.data import ConcatDataset
        >>> from itertools import islice
        >>> sampler = MixedSampler(ConcatDataset([range(4), range(2)]), ratio=(2, 1), shuffle=False)
        >>> list(islice(sampler, 9))
        [0, 1, 4, 2, 3, 5, 0, 1, 4]
    """

    def __init__(self,
                 dataset: Sized,
                 ratio: Optional[Sequence[int]] = None,
                 shuffle: bool = True,
                 seed: Optional[int] = None) -> None:
        self.dataset = dataset
        self.sizes = [len(part) for part in getattr(dataset, 'datasets', [dataset])]
        self.ratio = [1] * len(self.sizes) if ratio is None else list(ratio)
        valid = all(isinstance(count, int) and count >= 0 for count in self.ratio) and sum(self.ratio) > 0
        if len(self.ratio) != len(self.sizes) or not valid:
            raise UserError(f'MixedSampler: ratio={ratio} does not fit {len(self.sizes)} datasets: expected one whole '
                            'number for each, not all 0.')
        for number, (size, count) in enumerate(zip(self.sizes, self.ratio)):
            if count and not size:
                raise UserError(f'MixedSampler: dataset {number} is empty, but ratio={self.ratio} asks for it.')
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self.rank, self.world_size = get_dist_info()
        self._start = 0

    def skip(self, num_samples: int) -> None:
        """Let the next pass begin behind this many samples of the rank, counted from the first one."""
        self._start = num_samples

    def set_epoch(self, epoch: int) -> None:
        """There are no epochs."""

    def __len__(self) -> int:
        return sum(self.sizes)

    def __iter__(self) -> Iterator[int]:
        turn, first = divmod(self._start, sum(self.ratio))
        slots = [(part, place) for part, count in enumerate(self.ratio) for place in range(count)]
        offsets = [sum(self.sizes[:part]) for part in range(len(self.sizes))]
        keys: List[tuple] = [(-1, [])] * len(self.sizes)
        while True:
            for part, place in slots[first:]:
                draw = (turn * self.world_size + self.rank) * self.ratio[part] + place
                epoch, index = divmod(draw, self.sizes[part])
                if self.shuffle:
                    if keys[part][0] != epoch:
                        keys[part] = epoch, [mix(self.seed, part, epoch, number) for number in range(4)]
                    index = permuted(index, self.sizes[part], keys[part][1])
                yield offsets[part] + index
            turn, first = turn + 1, 0

"""MixedSampler: an endless stream of samples from several datasets in a fixed ratio."""
from typing import Iterator, List, Optional, Sequence, Sized

from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from mmrice.registry import DATA_SAMPLERS
from mmrice.utils import UserError

from .shard_order import ShardOrder, permuted, round_keys


@DATA_SAMPLERS.register_module()
class MixedSampler(Sampler):
    """Endless samples of the parts of a ``ConcatDataset`` in a fixed ratio, whatever their sizes.

    Each rank takes ``ratio[0]`` samples of the first dataset, then ``ratio[1]`` of the second and so on, over and over,
    so that every batch has the ratio. A dataset is passed through in a new random order each time, and ranks share a
    pass: its samples are each drawn once, by one of them. Where the ranks do not divide it, some draw one sample more,
    others in the next pass. Nothing is stored or counted through: memory, and the time to skip to any place, do not
    grow with the number of samples.

    The order over a :class:`mmrice.RegionShardDataset` stays within a few shards at a time, and a rank meets its share
    of the shards only (:class:`mmrice.datasets.shard_order.ShardOrder`).

    Args:
        dataset (Sized): A ``ConcatDataset``, or any other dataset, which is one part then.
        ratio (Sequence[int], optional): Samples of each part in turn. Defaults to None: one of each.
        shuffle (bool): Draw in random order. Defaults to True. False is the order of the dataset, ranks taking turns.
        shuffle_shards (int): Shards of a region shard dataset that are shuffled together. Defaults to 8.
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
                 shuffle_shards: int = 8,
                 seed: Optional[int] = None) -> None:
        self.dataset = dataset
        parts = getattr(dataset, 'datasets', [dataset])
        self.sizes = [len(part) for part in parts]
        self.ratio = [1] * len(self.sizes) if ratio is None else list(ratio)
        valid = all(isinstance(count, int) and count >= 0 for count in self.ratio) and sum(self.ratio) > 0
        if len(self.ratio) != len(self.sizes) or not valid:
            raise UserError(f'MixedSampler: ratio={ratio} does not fit {len(self.sizes)} datasets: expected one whole '
                            'number for each, not all 0.')
        for number, (size, count) in enumerate(zip(self.sizes, self.ratio)):
            if count and not size:
                raise UserError(f'MixedSampler: dataset {number} is empty, but ratio={self.ratio} asks for it.')
        if shuffle_shards < 1:
            raise UserError(f'MixedSampler: shuffle_shards={shuffle_shards}, expected 1 or more.')
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self.rank, self.world_size = get_dist_info()
        self._start = 0
        self._orders = [
            ShardOrder(part.shard_sizes, shuffle_shards, self.rank, self.world_size, self.seed, number)
            if shuffle and size and hasattr(part, 'shard_sizes') else None
            for number, (part, size) in enumerate(zip(parts, self.sizes))]

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
                order = self._orders[part]
                if order is not None:
                    yield offsets[part] + order[turn * self.ratio[part] + place]
                    continue
                draw = (turn * self.world_size + self.rank) * self.ratio[part] + place
                epoch, index = divmod(draw, self.sizes[part])
                if self.shuffle:
                    if keys[part][0] != epoch:
                        keys[part] = epoch, round_keys(self.seed, part, epoch)
                    index = permuted(index, self.sizes[part], keys[part][1])
                yield offsets[part] + index
            turn, first = turn + 1, 0

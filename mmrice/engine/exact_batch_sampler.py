"""Batches that can be continued anywhere: ExactBatchSampler, and BatchStream for iteration-based loops."""
from itertools import islice
from typing import Any, Iterator, List, Optional

from mmengine.dataset import DefaultSampler
from mmengine.registry import DATA_SAMPLERS as ROOT_SAMPLERS
from torch.utils.data import BatchSampler, DataLoader, Sampler

from mmrice.registry import DATA_SAMPLERS
from mmrice.utils import UserError
from mmrice.utils.seeding import mix

from .seeded_dataset import SeededIndex


@DATA_SAMPLERS.register_module()
class ExactBatchSampler(Sampler):
    """A batch sampler that can start in the middle and gives each draw of a sample a seed of its own.

    The seed is a hash of (seed, epoch, batch, place in the batch, index). ``tools/train.py`` puts it around the
    sampler and batch sampler of ``train_dataloader``.

    Args:
        sampler (Sampler): Sampler of indices.
        batch_size (int): Samples a batch.
        drop_last (bool): Leave out a last batch that is not full; without ``batch_sampler`` only. Defaults to False.
        batch_sampler (dict, optional): A batch sampler of the host, such as mmdet's AspectRatioBatchSampler.
            Defaults to None, torch's.
        seed (int): Seed of the run. Defaults to 0.
    """

    def __init__(self,
                 sampler: Sampler,
                 batch_size: int,
                 drop_last: bool = False,
                 batch_sampler: Optional[dict] = None,
                 seed: int = 0) -> None:
        if batch_sampler is None:
            self.batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        else:
            self.batch_sampler = ROOT_SAMPLERS.build(
                batch_sampler, default_args=dict(sampler=sampler, batch_size=batch_size))
        self.sampler = sampler
        self.batch_size = batch_size
        self.seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Begin a pass over the data.

        Args:
            epoch: Number of passes before it.
        """
        self.epoch = epoch
        self._batches: Optional[Iterator[List[int]]] = None
        self._first = 0
        for sampler in (self.sampler, self.batch_sampler):
            if hasattr(sampler, 'set_epoch'):
                sampler.set_epoch(epoch)

    def advance(self, batches: int) -> int:
        """Pass over batches of the pass just begun, without loading data.

        Args:
            batches: How many.

        Returns:
            int: How many there were: fewer when the pass ended.
        """
        if type(self.batch_sampler) is BatchSampler and hasattr(self.sampler, 'skip'):
            self.sampler.skip(batches * self.batch_size)  # an endless sampler, as mmengine's InfiniteSampler
            self._batches, done = iter(self.batch_sampler), batches
        else:
            self._batches = iter(self.batch_sampler)
            done = sum(1 for _ in islice(self._batches, batches))
        self._first = done
        return done

    def __iter__(self) -> Iterator[List[int]]:
        batches, first = self._batches, self._first
        self._batches, self._first = None, 0
        if batches is None:
            batches = iter(self.batch_sampler)
        for number, batch in enumerate(batches, first):
            yield [self._seeded(index, number, place) for place, index in enumerate(batch)]

    def _seeded(self, index: Any, number: int, place: int) -> Any:
        if not hasattr(index, '__index__'):  # tuples of video samplers
            return index
        return SeededIndex(index, mix(self.seed, self.epoch, number, place, index))

    def __len__(self) -> int:
        return len(self.batch_sampler)


class BatchStream:
    """Endless batches for mmengine's IterBasedTrainLoop, from any iteration on.

    Args:
        dataloader: Its batch sampler is an :class:`ExactBatchSampler`.
    """

    def __init__(self, dataloader: DataLoader) -> None:
        self._dataloader = dataloader
        self._sampler: ExactBatchSampler = dataloader.batch_sampler
        self._epoch = 0
        self._iterator: Optional[Iterator] = None

    def skip_iter(self, num_iters: int) -> None:
        """Go to where ``num_iters`` batches have been consumed, without loading them.

        Args:
            num_iters: Batches from the beginning of training.
        """
        if isinstance(self._sampler.sampler, DefaultSampler):
            self._epoch, num_iters = divmod(num_iters, len(self._sampler))
        self._sampler.set_epoch(self._epoch)
        while (done := self._sampler.advance(num_iters)) < num_iters:
            if done == 0:
                self._raise_empty()
            num_iters -= done
            self._epoch += 1
            self._sampler.set_epoch(self._epoch)

    def __iter__(self) -> 'BatchStream':
        return self

    def __next__(self) -> Any:
        if self._iterator is None:
            self._iterator = iter(self._dataloader)
        batch = next(self._iterator, None)
        if batch is None:
            self._epoch += 1
            self._sampler.set_epoch(self._epoch)
            self._iterator = iter(self._dataloader)
            batch = next(self._iterator, None)
            if batch is None:
                self._raise_empty()
        return batch

    def _raise_empty(self) -> None:
        raise UserError(f'train_dataloader: the dataset of {len(self._dataloader.dataset)} samples gives no batch of '
                        f'{self._sampler.batch_size}. Lower train_dataloader.batch_size or set drop_last=False.')

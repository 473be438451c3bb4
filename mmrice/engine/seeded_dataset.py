"""SeededDataset and the indices that tell it how to draw."""
from typing import Any, Optional

from mmengine.registry import DATASETS as ROOT_DATASETS

from mmrice.registry import DATASETS

from .seeding import seed_cpu

_OWN = ('dataset', )


class SeededIndex(int):
    """An index that carries the seed of its draw; anything that wants an int sees an int.

    Args:
        index: Index of a sample.
        seed: Seed of this draw of it.
    """

    def __new__(cls, index: int, seed: Optional[int] = None) -> 'SeededIndex':
        """Create the int and attach the seed."""
        self = super().__new__(cls, index)
        self.seed = seed
        return self


@DATASETS.register_module()
class SeededDataset:
    """A dataset whose random augmentations are decided by the index asked for, not by the worker that serves it.

    An index from :class:`mmrice.ExactBatchSampler` carries a seed, which is set in ``random``, NumPy and torch before
    the sample is made. Everything else (``metainfo``, ``get_data_info``, ``pipeline`` and whatever else is read or
    assigned) is the wrapped dataset's. ``tools/train.py`` puts it around ``train_dataloader.dataset``.

    Args:
        dataset (dict | Dataset): The dataset, with wrappers of its own if it has any.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = ROOT_DATASETS.build(dataset) if isinstance(dataset, dict) else dataset

    def __getitem__(self, index: int) -> Any:
        seed = getattr(index, 'seed', None)
        if seed is not None:
            seed_cpu(seed)
        return self.dataset[int(index) if seed is not None else index]

    def __len__(self) -> int:
        return len(self.dataset)

    def __getattr__(self, name: str) -> Any:
        if name in _OWN or name.startswith('__'):
            raise AttributeError(name)
        return getattr(self.dataset, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            super().__setattr__(name, value)
        else:
            setattr(self.dataset, name, value)

"""Bytes that a rank sends: counted as collectives are called, and the closed formula of a table of class centres.

Both count the ring algorithms, which move the fewest bytes: of n bytes that a rank gives, it sends n (W - 1) in an
all-gather, 2 n (W - 1) / W in an all-reduce and n (W - 1) / W in a reduce-scatter. It receives as many.
"""
from contextlib import contextmanager
from functools import wraps
from typing import Any, Callable, Dict, Iterator

import torch.distributed as dist

_RING: Dict[str, Callable[[int, int], float]] = {
    'all_gather': lambda given, world: given * (world - 1),
    'all_reduce': lambda given, world: 2 * given * (world - 1) / world,
    'reduce_scatter_tensor': lambda given, world: given * (world - 1) / world,
}
_GIVEN = dict(all_gather=1, all_reduce=0, reduce_scatter_tensor=1)  # which argument a rank gives


@contextmanager
def count_traffic() -> Iterator[Dict[str, float]]:
    """Count the bytes that this rank sends by collectives called as attributes of ``torch.distributed``.

    Those of DistributedDataParallel, which calls them from C++, and others than the keys below are not counted.

    Yields:
        dict: Bytes so far by 'all_gather', 'all_reduce' and 'reduce_scatter_tensor'.
    """
    sent = dict.fromkeys(_RING, 0.)

    def counting(name: str, function: Callable) -> Callable:

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            given = args[_GIVEN[name]]
            sent[name] += _RING[name](given.numel() * given.element_size(), dist.get_world_size())
            return function(*args, **kwargs)

        return call

    originals = {name: getattr(dist, name) for name in _RING}
    try:
        for name, function in originals.items():
            setattr(dist, name, counting(name, function))
        yield sent
    finally:
        for name, function in originals.items():
            setattr(dist, name, function)


def head_traffic(regions: int,
                 embed_dims: int,
                 labels: int,
                 world_size: int,
                 backend: str = 'nccl',
                 itemsize: int = 4) -> Dict[str, float]:
    """Bytes that a rank sends in a step of one table (:class:`mmrice.ClassCenters`), forward and backward.

    With R regions of D dims and P labels on W ranks, r = ceil(R / W) of them on the fullest, and b bytes a number:

    - the numbers of regions and labels and the check of the labels, 5 int64: 40 (W - 1);
    - the labels, int64: 8 r P (W - 1);
    - the embeddings: b r D (W - 1), and as much for their gradient, which is reduced and scattered. Gloo, which cannot
      in all versions, sums all of it on all ranks: 2 b R D (W - 1) / W;
    - of each region P cosines, the number of labels drawn, and the sum, largest and shift of the log-sum-exp: 2 numbers
      by a maximum and P + 2 by a sum over ranks, 2 b R (P + 4) (W - 1) / W;
    - the gradient of P + 2 of these: b r (P + 2) (W - 1).

    The number of classes is not in it: centres, their gradients and their optimizer state never move.

    Args:
        regions: R, of all ranks together, spread evenly.
        embed_dims: D.
        labels: P, at least 1, of the region with the most.
        world_size: W.
        backend: 'nccl' or 'gloo'.
        itemsize: b; 4 for float32.

    Returns:
        dict: Bytes by what they carry; the sum is what :func:`count_traffic` counts.
    """
    others, most = world_size - 1, -(-regions // world_size)
    gathered = itemsize * most * embed_dims * others
    summed = 2 * itemsize * regions * embed_dims * others / world_size
    return {
        'counts': 40. * others,
        'labels': 8. * most * labels * others,
        'embeddings': float(gathered),
        'statistics': 2 * itemsize * regions * (labels + 4) * others / world_size,
        'gradient of statistics': float(itemsize * most * (labels + 2) * others),
        'gradient of embeddings': float(summed if backend == 'gloo' else gathered),
    }

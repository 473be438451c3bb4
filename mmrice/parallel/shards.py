"""Which rows of a table a rank holds, and the mark that a parameter is such a part."""
from typing import Iterable, Iterator, NamedTuple, Optional, Tuple

from mmengine.dist import get_dist_info
from torch import nn


class RowShard(NamedTuple):
    """Rows ``start`` to ``stop`` of a table with ``num_rows``."""
    start: int
    stop: int
    num_rows: int

    @property
    def is_whole(self) -> bool:
        """Whether these are all rows."""
        return self.stop - self.start == self.num_rows


def shard_rows(num_rows: int, rank: Optional[int] = None, world_size: Optional[int] = None) -> RowShard:
    """Rows of a rank: neighbours, in the order of ranks, numbers as equal as can be.

    Args:
        num_rows: Of the whole table; may be less than the number of ranks.
        rank, world_size: Default to those of this process.
    """
    own_rank, own_world = get_dist_info()
    rank, world = own_rank if rank is None else rank, own_world if world_size is None else world_size
    return RowShard(num_rows * rank // world, num_rows * (rank + 1) // world, num_rows)


def mark_shard(parameter: nn.Parameter, shard: RowShard) -> nn.Parameter:
    """Say that a parameter holds these rows of a table alone; see :func:`row_shard`."""
    parameter.row_shard = shard
    return parameter


def row_shard(parameter: nn.Parameter) -> Optional[RowShard]:
    """Rows that a parameter holds, where it is one rank's part of a table (also of the only rank); else None.

    Such a parameter differs between ranks: it is not broadcast, its gradient not averaged, and it is saved apart.
    """
    return getattr(parameter, 'row_shard', None)


def sharded_parameters(model: nn.Module) -> Iterator[Tuple[str, nn.Parameter]]:
    """Name and parameter of each part of a table in a model."""
    for name, parameter in model.named_parameters():
        if row_shard(parameter) is not None:
            yield name, parameter


def leave_out_of_ddp(model: nn.Module, buffers: Iterable[str] = ()) -> None:
    """Tell DistributedDataParallel, before it wraps a model, to leave its sharded parameters alone."""
    names = [name for name, _ in sharded_parameters(model)]
    names += [f'.{name}' for name in names]  # how DDP spells a parameter of the model itself
    nn.parallel.DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(model, [*names, *buffers])

"""What belongs to a rank's rows of a table: weight, optimizer state, waiting gradient.

Keys are ``<parameter>/weight``, ``<parameter>/optimizer/<state>``, ``<parameter>/gradient`` and
``<parameter>/touched``. Of an optimizer's state only what has an entry for each row is meant; a step count of the whole
table stays in the checkpoint.
"""
from typing import Any, Dict, Iterator, Optional, Tuple

import torch
from mmengine.dist import all_gather_object
from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner
from torch import Tensor, nn

from mmrice.parallel import sharded_parameters

from ..gradients import pending_table_gradients
from ..load_report import unwrapped

_UNTOUCHED, _TOUCHED, _DENSE = 0, 1, 2  # rows of a gradient: without and with a value of a sparse one; of a dense one


def tables_of(runner: Runner) -> Dict[str, nn.Parameter]:
    """Parameters of a runner's model that hold some rows of a table, by name."""
    return dict(sharded_parameters(unwrapped(runner.model)))


def collect(runner: Runner, with_optimizer: bool) -> Dict[str, Tensor]:
    """All that is saved of this rank's rows. All ranks call it.

    Args:
        runner: In training.
        with_optimizer: Whether optimizer state and waiting gradients are wanted, too.

    Returns:
        dict: {key: tensor of shape (rows, ...)}, the same keys on all ranks: zeros stand for what only others have.
    """
    tables = tables_of(runner)
    own = {f'{name}/weight': parameter.detach() for name, parameter in tables.items()}
    if with_optimizer:
        for optimizer, _ in _optimizers(runner):
            for name, parameter in tables.items():
                state = optimizer.state.get(parameter, {})
                own.update({f'{name}/optimizer/{key}': value for key, value in state.items()
                            if is_by_row(value, parameter)})
        for name, gradient in pending_table_gradients(runner).items():
            own[f'{name}/gradient'], own[f'{name}/touched'] = spread(gradient)
    shapes: Dict[str, Tuple[tuple, torch.dtype]] = {}
    for theirs in all_gather_object({key: (tuple(value.shape[1:]), value.dtype) for key, value in own.items()}):
        shapes.update(theirs)
    for key, (rest, dtype) in shapes.items():
        if key not in own:
            parameter = tables[key.partition('/')[0]]
            own[key] = parameter.new_zeros((len(parameter), *rest), dtype=dtype)
    return {key: own[key] for key in sorted(own)}


def spread(gradient: Tensor) -> Tuple[Tensor, Tensor]:
    """A gradient with all its rows.

    Args:
        gradient: Dense or sparse, shape (rows, ...).

    Returns:
        tuple: The dense gradient, and which of its rows a sparse one had, uint8, shape (rows,).
    """
    touched = torch.full((len(gradient), ), _DENSE, dtype=torch.uint8, device=gradient.device)
    if gradient.is_sparse:
        gradient = gradient.coalesce()
        touched.fill_(_UNTOUCHED)[gradient.indices()[0]] = _TOUCHED
        gradient = gradient.to_dense()
    return gradient, touched


def gather(rows: Tensor, touched: Tensor) -> Tensor:
    """The inverse of :func:`spread`: a sparse gradient where it was one, so that the other rows stay untouched."""
    if (touched == _DENSE).any():
        return rows
    index = touched.nonzero()[:, 0]
    return torch.sparse_coo_tensor(index[None], rows[index], rows.shape, is_coalesced=True,
                                   check_invariants=False)


def is_by_row(value: Any, parameter: nn.Parameter) -> bool:
    """Whether a state has an entry for each row of a table."""
    return isinstance(value, Tensor) and value.dim() > 0 and len(value) == len(parameter)


def _optimizers(runner: Runner, saved: Optional[dict] = None) -> Iterator[Tuple[torch.optim.Optimizer, dict]]:
    """Each optimizer and its saved state."""
    wrapper = runner.optim_wrapper
    if isinstance(wrapper, OptimWrapperDict):
        for name, one in wrapper.items():
            yield one.optimizer, (saved or {}).get(name, {})
    else:
        yield wrapper.optimizer, saved or {}


def saved_states(runner: Runner, saved: dict) -> Iterator[Tuple[str, dict, int]]:
    """Where the state of each table stands in the saved state of the optimizer.

    Args:
        runner: With an optimizer of the same parameters, in the same order.
        saved: ``checkpoint['optimizer']``.

    Yields:
        tuple: Name of the table, the dict of all states, and the table's key in it, which may be missing.
    """
    names = {id(parameter): name for name, parameter in tables_of(runner).items()}
    for optimizer, part in _optimizers(runner, saved):
        own = [parameter for group in optimizer.param_groups for parameter in group['params']]
        numbers = [number for group in part.get('param_groups', []) for number in group['params']]
        for parameter, number in zip(own, numbers):
            if id(parameter) in names:
                yield names[id(parameter)], part['state'], number


def leave_out_tables(runner: Runner, checkpoint: dict) -> None:
    """Take out of a checkpoint what its folder has.

    Args:
        runner: Of whose model and optimizer it was made.
        checkpoint: Changed in place; the optimizer is not.
    """
    tables = tables_of(runner)
    for name in tables:
        checkpoint['state_dict'].pop(name, None)
    for name, states, number in saved_states(runner, checkpoint.get('optimizer', {})):
        if number in states:
            states[number] = {key: value for key, value in states[number].items()
                              if not is_by_row(value, tables[name])}

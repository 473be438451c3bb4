"""Load this rank's rows of class centres, whatever number of ranks saved them."""
from functools import partial
from pathlib import Path
from typing import Any, Dict, Tuple

from mmengine.runner import Runner
from torch import Tensor, nn

from mmrice.parallel import row_shard
from mmrice.utils import UserError

from ..checkpoint_io import FOLDER
from .agreement import on_all
from .states import gather, saved_states, tables_of

_ALONE = "start from the backbone alone with init_cfg=dict(type='mmrice.RICEPretrained', checkpoint=...)"


def restore_centers(runner: Runner, checkpoint: dict) -> None:
    """Load this rank's rows of all tables. All ranks call it, before the model and the optimizer load the rest.

    Args:
        runner: About to load a checkpoint.
        checkpoint: As read. Rows, their optimizer state and waiting gradients (on resuming) are put in, as if it had
            been saved by one process with just these rows.

    Raises:
        UserError: The folder is missing or damaged, or has a table of another size; raised on all ranks.
    """
    parent = checkpoint.pop(FOLDER, None)
    tables = tables_of(runner)
    if not tables:
        return
    resuming = runner._resume and 'optimizer' in checkpoint
    if resuming:
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    name = (checkpoint.get('meta') or {}).get('centers')
    if name is None:
        on_all(partial(_take_own_rows, runner, checkpoint, tables, resuming))
    else:
        parent = parent or Path(str(runner._load_from)).resolve().parent
        _read_folder(runner, checkpoint, tables, Path(parent, name), resuming)


def _read_folder(runner: Runner, checkpoint: dict, tables: Dict[str, nn.Parameter], folder: Path,
                 resuming: bool) -> None:
    from ..sharded_checkpoint import Part, read_metadata, read_parts
    try:
        metadata = on_all(partial(read_metadata, folder))
    except UserError as error:
        raise UserError(f'{error} Or {_ALONE}.') from None
    saved = {key: entry for key, entry in metadata.state_dict_metadata.items() if key.partition('/')[0] in tables
             and (resuming or key.endswith('/weight'))}
    parts = {}
    for key, entry in saved.items():
        name = key.partition('/')[0]
        parameter, shard = tables[name], row_shard(tables[name])
        if key.endswith('/weight'):
            _check_size(folder, name, tuple(entry.size), parameter)
            rows = parameter.data
        else:
            rows = parameter.new_empty((len(parameter), *entry.size[1:]), dtype=entry.properties.dtype)
        parts[key] = Part(rows, shard.start, shard.num_rows)
    on_all(partial(read_parts, folder, metadata, parts))
    for name in tables:
        if f'{name}/weight' in parts:
            checkpoint['state_dict'][name] = parts[f'{name}/weight'].rows  # the parameter's own memory
        if f'{name}/gradient' in parts:
            checkpoint.setdefault('gradients', {})[name] = gather(parts[f'{name}/gradient'].rows,
                                                                  parts[f'{name}/touched'].rows)
    if resuming:
        for name, states, number in saved_states(runner, checkpoint['optimizer']):
            prefix = f'{name}/optimizer/'
            found = {key[len(prefix):]: part.rows for key, part in parts.items() if key.startswith(prefix)}
            if found:
                states.setdefault(number, {}).update(found)


def _take_own_rows(runner: Runner, checkpoint: dict, tables: Dict[str, nn.Parameter], resuming: bool) -> None:
    """Cut this rank's rows out of the whole tables of a checkpoint without a folder."""
    weights = next((checkpoint[key] for key in ('state_dict', 'model') if isinstance(checkpoint.get(key), dict)),
                   checkpoint)
    for name, parameter in tables.items():
        if name in weights:
            _check_size(runner._load_from or 'the checkpoint', name, tuple(weights[name].shape), parameter)
            weights[name] = _own_rows(weights[name], parameter)
        if name in checkpoint.get('gradients', {}):
            checkpoint['gradients'][name] = _own_rows(checkpoint['gradients'][name], parameter)
    if resuming:
        for name, states, number in saved_states(runner, checkpoint['optimizer']):
            states[number] = {key: _own_rows(value, tables[name]) for key, value in states.get(number, {}).items()}


def _own_rows(value: Any, parameter: nn.Parameter) -> Any:
    """This rank's rows of a whole table; anything else unchanged."""
    shard = row_shard(parameter)
    by_row = isinstance(value, Tensor) and value.dim() > 0 and len(value) == shard.num_rows
    return value[shard.start:shard.stop] if by_row else value


def _check_size(source: Any, name: str, found: Tuple[int, ...], parameter: nn.Parameter) -> None:
    """Compare the shape of a saved table with the model's.

    Raises:
        UserError: They differ; all ranks come to the same result.
    """
    expected = (row_shard(parameter).num_rows, *parameter.shape[1:])
    if found[:1] != expected[:1]:
        raise UserError(f'{source}: the table {name} has {found[0]:,} classes there and {expected[0]:,} in the config. '
                        f'Set its num_classes={found[0]}, or {_ALONE}.')
    if found != expected:
        raise UserError(f'{source}: a centre of the table {name} has shape {found[1:]} there and {expected[1:]} in the '
                        f'config. Set its embed_dims to that of the checkpoint, or {_ALONE}.')

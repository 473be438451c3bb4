"""Train a tiny model with a table that is split over ranks; any number of ranks learns the same, bit for bit."""
import os
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Optional
from uuid import uuid4

import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.nn.functional import embedding

import mmrice.engine  # noqa: F401 registers what the configs name
from mmrice.apis.training import init_model_weights
from mmrice.engine.checkpoint_io import install_reader
from mmrice.parallel import leave_out_of_ddp, mark_shard, shard_rows

NAME = 'head.table'


class TableModel(BaseModel):
    """A backbone, and a table of which each step uses every fourth row.

    Args:
        classes: Rows of the table.
        dims: Columns.
    """

    def __init__(self, classes: int = 11, dims: int = 3) -> None:
        super().__init__()
        self.backbone = nn.Linear(2, 1)
        nn.init.constant_(self.backbone.weight, .5)
        nn.init.zeros_(self.backbone.bias)
        self.shard = shard_rows(classes)
        rows = torch.arange(classes * dims).view(classes, dims)[self.shard.start:self.shard.stop] / 10
        self.head = nn.ParameterDict(dict(table=mark_shard(nn.Parameter(rows), self.shard)))
        self.register_buffer('num_steps', torch.zeros((), dtype=torch.int64))
        leave_out_of_ddp(self)

    def forward(self, inputs: Tensor, data_samples: Any = None, mode: str = 'loss') -> Any:
        """Losses of a step, whatever the inputs are."""
        if mode != 'loss':
            return [None]
        self.num_steps += 1
        index = torch.arange(self.shard.start, self.shard.stop)
        used = index[(index + self.num_steps) % 4 == 0] - self.shard.start
        rows = embedding(used, self.head['table'], sparse=True)
        return dict(loss_backbone=self.backbone(torch.ones(1, 2)).square().mean(),
                    loss_table=((rows - self.num_steps)**2).sum())


def build(work_dir: Path, max_iters: int = 4, accumulate: int = 1, checkpoint: Optional[dict] = None,
          model: Optional[dict] = None, hooks: bool = True, **settings: Any) -> Runner:
    """A runner that saves every second iteration.

    Args:
        work_dir: Of the run.
        max_iters: Iterations.
        accumulate: Iterations of a step.
        checkpoint: Of the CheckpointHook.
        model: Of the model.
        hooks: Whether to resume exactly and to check what is loaded, as ``tools/train.py`` does.
        **settings: Of the runner.

    Returns:
        Runner: Before training.
    """
    install_reader()
    save = {**dict(type='mmrice.CheckpointHook', interval=2, by_epoch=False), **(checkpoint or {})}
    runner = Runner(**{**dict(
        model=TableModel(**(model or {})), work_dir=str(work_dir), train_dataloader=loader(),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=2),
        optim_wrapper=dict(type='mmrice.OptimWrapper', optimizer=dict(type='mmrice.SparseAdamW', lr=.1),
                           accumulative_counts=accumulate),
        default_hooks=dict(checkpoint=save, logger=None), log_level='ERROR', experiment_name=uuid4().hex,
        custom_hooks=[dict(type='mmrice.ExactResumeHook'), dict(type='mmrice.LoadCheckHook')] if hooks else None,
        launcher='pytorch' if torch.distributed.is_initialized() else 'none',
        cfg=dict(model_wrapper_cfg=dict(type='MMDistributedDataParallel', device_ids=None))), **settings})
    runner._init_model_weights = partial(init_model_weights, runner)
    return runner


def loader() -> Dict[str, Any]:
    """Config of a loader of empty data."""
    return dict(dataset=[dict(inputs=torch.zeros(1))] * 64, batch_size=1,
                sampler=dict(type='DefaultSampler', shuffle=False))


def train_table(rank: int, world_size: int, work_dir: Path, options: Optional[dict] = None) -> Dict[str, Tensor]:
    """Train on one of several ranks; see :func:`mmrice.testing.distributed.run_ranks`.

    Args:
        rank, world_size: Of this process.
        work_dir: Of the run.
        options: Of :func:`build`.

    Returns:
        dict: Weights and optimizer state of this rank, by name.
    """
    os.environ['LOCAL_RANK'] = str(rank)
    runner = build(work_dir, **(options or {}))
    runner.train()
    return state_of(runner)


def state_of(runner: Runner) -> Dict[str, Tensor]:
    """Weights and optimizer state of this rank, by name."""
    model = getattr(runner.model, 'module', runner.model)
    states = runner.optim_wrapper.optimizer.state
    return {**{key: value.clone() for key, value in model.state_dict().items()},
            **{f'{name}.{key}': value.clone() for name, parameter in model.named_parameters()
               for key, value in states[parameter].items()}}


def joined(results: List[Dict[str, Tensor]]) -> Dict[str, Tensor]:
    """The states of all ranks as one process has them."""
    return {key: torch.cat([result[key] for result in results]) if key.startswith(NAME) else value
            for key, value in results[0].items()}


def same(first: Dict[str, Tensor], second: Dict[str, Tensor]) -> bool:
    """Whether two states are equal bit for bit."""
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)

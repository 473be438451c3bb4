"""Train and test inside the test's process exactly as ``tools/train.py`` and ``tools/test.py`` do."""
import time
from pathlib import Path
from typing import Any, Dict, Optional

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmrice.engine.sharded_checkpoint import Part, read_metadata, read_parts


class Killed(Exception):
    """Stands for a process that died."""


class _KillHook(Hook):
    """Die before an iteration, or before an evaluation."""
    priority = 'LOWEST'

    def __init__(self, iteration: Optional[int], evaluation: bool) -> None:
        self.iteration, self.evaluation = iteration, evaluation

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        if runner.iter == self.iteration and not self.evaluation:
            raise Killed

    def before_val(self, runner: Runner) -> None:
        if self.evaluation and runner.iter == self.iteration:
            raise Killed


def train(config: Path,
          work_dir: Path,
          resume: Optional[str] = None,
          amp: bool = False,
          kill_at: Optional[int] = None,
          kill_in_evaluation: bool = False,
          **options: Any) -> Runner:
    """Train a config.

    Args:
        config: File.
        work_dir: Folder of logs and checkpoints.
        resume: As ``--resume``.
        amp: As ``--amp``.
        kill_at: Raise :class:`Killed` before this iteration.
        kill_in_evaluation: Raise it in the evaluation after that many iterations instead.
        **options: As ``--cfg-options``, with '__' for '.'.

    Returns:
        Runner: After training.
    """
    from mmrice.apis import training
    from mmrice.apis.config import load_config
    cfg = load_config(str(config), {key.replace('__', '.'): value for key, value in options.items()})
    training.set_work_dir(cfg, str(work_dir), str(config))
    training.set_resume(cfg, resume)
    training.set_amp(cfg, amp)
    training.complete_loaders(cfg)
    training.make_exact(cfg)
    cfg.experiment_name = f'{work_dir.name}_{time.time_ns()}'  # two in one second would share a scope
    runner = training.build_runner(cfg)
    runner.register_hook(_KillHook(kill_at, kill_in_evaluation))
    runner.train()
    return runner


def test(config: Path, work_dir: Path, checkpoint: str, **options: Any) -> Dict[str, float]:
    """Evaluate a checkpoint exactly as ``tools/test.py`` does.

    Args:
        config: File.
        work_dir: Folder of logs.
        checkpoint: As on the command line.
        **options: As ``--cfg-options``, with '__' for '.'.

    Returns:
        dict: Metrics.
    """
    from mmrice.apis import testing, training
    from mmrice.apis.config import load_config
    cfg = load_config(str(config), {key.replace('__', '.'): value for key, value in options.items()})
    training.set_work_dir(cfg, str(work_dir), str(config))
    cfg.load_from, cfg.resume = checkpoint, False
    training.complete_loaders(cfg)
    training.add_hooks(cfg, 'FloatResultsHook', 'LoadCheckHook')
    cfg.experiment_name = f'{work_dir.name}_{time.time_ns()}'  # two in one second would share a scope
    return testing.to_json(training.build_runner(cfg).test())


test.__test__ = False  # pytest would take it for a test


def weights_of(work_dir: Path) -> Dict[str, torch.Tensor]:
    """The weights of the latest checkpoint, optimizer moments and class centres included.

    Args:
        work_dir: Folder of a run.

    Returns:
        dict: {key: tensor}.
    """
    checkpoint = torch.load(work_dir / 'latest.pth', weights_only=True)
    weights = dict(checkpoint['state_dict'])
    for number, state in checkpoint['optimizer']['state'].items():
        weights.update({f'optimizer.{number}.{key}': value for key, value in state.items()})
    folder = checkpoint['meta'].get('centers')
    if folder:
        folder = (work_dir / 'latest.pth').resolve().parent / folder
        metadata = read_metadata(folder)
        parts = {key: Part(torch.empty(entry.size, dtype=entry.properties.dtype), 0, entry.size[0])
                 for key, entry in metadata.state_dict_metadata.items()}
        read_parts(folder, metadata, parts)
        weights.update({key: part.rows for key, part in parts.items()})
    return weights


def same_weights(first: Path, second: Path) -> bool:
    """Whether two runs ended bit for bit alike.

    Args:
        first: Folder of a run.
        second: Folder of another.
    """
    one, other = weights_of(first), weights_of(second)
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)

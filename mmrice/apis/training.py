"""Complete a config of any host for training: exact resume, safe checkpoints, mixed precision."""
import os.path as osp
from functools import partial
from pathlib import Path
from typing import Any, Optional, Union

import torch
from mmengine.config import Config, ConfigDict
from mmengine.dist import broadcast, get_world_size, is_main_process, sync_random_seed
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from mmrice.engine.checkpoint_io import find_latest, install_reader, read_checkpoint
from mmrice.engine.load_report import unwrapped
from mmrice.parallel import sharded_parameters
from mmrice.utils import UserError

from .config import section
from .quiet import format_once, quiet_logs, quiet_warnings

SAMPLER, DATASET = 'mmrice.ExactBatchSampler', 'mmrice.SeededDataset'
_PLAIN_TYPES = ('OptimWrapper', 'mmengine.OptimWrapper')
_AMP_TYPES = ('AmpOptimWrapper', 'mmengine.AmpOptimWrapper')


def set_work_dir(cfg: Config, work_dir: Optional[str], config_path: str) -> None:
    """Choose the work directory: the argument, else the config's, else ``work_dirs/<name of the config>``.

    Args:
        cfg: Changed in place.
        work_dir: From ``--work-dir``.
        config_path: File of the config.
    """
    cfg.work_dir = work_dir or cfg.get('work_dir') or osp.join('work_dirs', Path(config_path).stem)


def set_resume(cfg: Config, resume: Optional[str]) -> None:
    """Find the checkpoint of ``--resume`` and take the run's seed from it.

    Args:
        cfg: Its ``load_from``, ``resume`` and ``randomness.seed`` are set in place.
        resume: None, 'auto' or a path.

    Raises:
        UserError: The checkpoint does not exist or holds weights alone.
    """
    randomness = section(cfg, 'randomness')
    if resume is None and not cfg.get('resume'):
        return
    path: Union[str, Path, None] = cfg.get('load_from') if resume is None else resume
    if path in (None, 'auto'):
        path = find_latest(cfg.work_dir)
        if path is None:
            _say(f'{cfg.work_dir} has no checkpoint to resume from: training starts at the beginning.')
            cfg.resume = False
            return
    checkpoint = read_checkpoint(path)
    if 'optimizer' not in checkpoint or 'meta' not in checkpoint:
        raise UserError(f'{path}: holds no state of an optimizer, so training cannot be resumed from it. Start from '
                        f'its weights with --cfg-options load_from={path}.')
    cfg.resume, cfg.load_from = True, str(path)
    seed = checkpoint['meta'].get('seed')
    if seed is not None:
        if randomness.get('seed') not in (None, seed):
            _say(f'randomness.seed={randomness.seed} gives way to {seed}, the seed of the run being resumed.')
        randomness.seed = seed


def set_amp(cfg: Config, amp: bool) -> None:
    """Let AMP work on every device and clipping over ranks; switch AMP on where asked for.

    Args:
        cfg: Its ``optim_wrapper`` is changed in place: mmengine's wrappers become ours.
        amp: From ``--amp``.
    """
    wrapper = cfg.optim_wrapper
    kind = wrapper.get('type', 'OptimWrapper')
    if amp and kind not in (*_AMP_TYPES, 'mmrice.AmpOptimWrapper'):
        if kind not in (*_PLAIN_TYPES, 'mmrice.OptimWrapper'):
            raise UserError(f'--amp: optim_wrapper is a {wrapper.type}; only OptimWrapper can be switched.')
        kind = 'AmpOptimWrapper'
        wrapper.setdefault('loss_scale', 'dynamic')
    if kind in _AMP_TYPES:
        wrapper.type = 'mmrice.AmpOptimWrapper'
    elif kind in _PLAIN_TYPES and 'optimizer' in wrapper:  # without one it is a dict of wrappers
        wrapper.type = 'mmrice.OptimWrapper'


def scale_lr(cfg: Config) -> None:
    """Switch on mmengine's scaling of the learning rate and say what comes of it.

    Args:
        cfg: Its ``auto_scale_lr.enable`` is set in place.

    Raises:
        UserError: The config does not say for which batch size its learning rate is.
    """
    base = (cfg.get('auto_scale_lr') or {}).get('base_batch_size')
    if not base:
        raise UserError('--auto-scale-lr: the config has no auto_scale_lr.base_batch_size. Say for which batch size '
                        'the learning rate was chosen, as in --cfg-options auto_scale_lr.base_batch_size=64.')
    cfg.auto_scale_lr.enable = True
    world, batch, lr = get_world_size(), cfg.train_dataloader.batch_size, cfg.optim_wrapper.optimizer.get('lr')
    scaled = '' if lr is None else f': {lr:g} x {world * batch / base:g} = {lr * world * batch / base:g}'
    _say(f'learning rate for {world} x {batch} samples instead of {base}{scaled}')


def make_exact(cfg: Config) -> None:
    """Make training independent of workers and continuable at any batch. Does nothing the second time.

    Args:
        cfg: ``train_dataloader``, ``default_hooks.checkpoint``, ``custom_hooks`` and ``randomness.seed`` are changed in
            place.
    """
    randomness = section(cfg, 'randomness')
    if randomness.get('seed') is None:
        randomness.seed = sync_random_seed()
    loader = cfg.train_dataloader
    if isinstance(loader.get('sampler'), dict) and loader.get('batch_size'):
        if loader.dataset.type != DATASET:
            loader.dataset = ConfigDict(type=DATASET, dataset=loader.dataset)
        if (loader.get('batch_sampler') or {}).get('type') != SAMPLER:
            own = dict(batch_sampler=loader.batch_sampler) if loader.get('batch_sampler') else dict(
                drop_last=loader.pop('drop_last', False))
            loader.batch_sampler = ConfigDict(type=SAMPLER, **own)
        loader.batch_sampler.seed = randomness.seed
    else:
        _say('train_dataloader has no sampler: a resumed run will see its data in another order.')
    hooks = section(cfg, 'default_hooks')
    if hooks.get('checkpoint') is None:
        hooks.checkpoint = ConfigDict(type='CheckpointHook')
    checkpoint = hooks.checkpoint
    if checkpoint.get('type') in ('CheckpointHook', 'mmengine.CheckpointHook'):
        checkpoint.type = 'mmrice.CheckpointHook'
    add_hooks(cfg, 'SeedHook', 'ExactResumeHook', 'FloatResultsHook', 'SkippedSamplesHook')
    add_hooks(cfg, 'LoadCheckHook', min_coverage=0.)
    if cfg.train_cfg.get('type', '').endswith('IterBasedTrainLoop') or 'max_iters' in cfg.train_cfg:
        section(cfg, 'log_processor').setdefault('by_epoch', False)


def add_hooks(cfg: Config, *names: str, **settings: Any) -> None:
    """Add hooks of ours to ``custom_hooks`` unless they are there.

    Args:
        cfg: Changed in place.
        *names: Class names.
        **settings: Arguments of each.
    """
    hooks = list(cfg.get('custom_hooks') or [])
    present = {hook.get('type') for hook in hooks if isinstance(hook, dict)}
    hooks += [dict(type=f'mmrice.{name}', **settings) for name in names if f'mmrice.{name}' not in present]
    cfg.custom_hooks = hooks


def complete_loaders(cfg: Config) -> None:
    """Give dataloaders the defaults of the host's own tools, where the machine can use them.

    Args:
        cfg: Its dataloaders are changed in place.
    """
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader = cfg.get(name)
        if loader is None:
            continue
        if cfg.get('default_scope') == 'mmpretrain':
            loader.setdefault('collate_fn', dict(type='default_collate'))
            loader.setdefault('persistent_workers', True)
            loader.setdefault('pin_memory', True)
        if not loader.get('num_workers'):
            loader.pop('persistent_workers', None)
            loader.pop('prefetch_factor', None)
        if not torch.cuda.is_available():
            loader.pop('pin_memory', None)


def _say(text: str) -> None:
    if is_main_process():
        print(f'mmrice: {text}')


def build_runner(cfg: Config) -> Runner:
    """Build the runner that a config asks for, reading checkpoints safely.

    Args:
        cfg: A complete config.

    Returns:
        Runner: mmengine's, or the config's ``runner_type``.
    """
    install_reader()
    quiet_warnings()
    format_once()
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    quiet_logs(runner)
    runner._init_model_weights = partial(init_model_weights, runner)
    return runner


def init_model_weights(runner: Runner) -> None:
    """Initialise the model as mmengine does, which would also give all ranks rank 0's rows of tables split over them.

    Args:
        runner: Before training.
    """
    model = unwrapped(runner.model)
    if not hasattr(model, 'init_weights'):
        return
    model.init_weights()
    split = {name for name, _ in sharded_parameters(model)}
    for name, value in model.state_dict().items():
        if name not in split:
            broadcast(value)

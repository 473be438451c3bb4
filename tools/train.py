#!/usr/bin/env python
"""Train with a config of MMPretrain, MMDetection or MMSegmentation.

Example:
    python tools/train.py configs/quick/rice_vit-tiny_mini.py
"""
import argparse
import logging
from pathlib import Path

import mmrice  # noqa: F401  (registers scopes and stand-ins before a host is imported)
from mmrice.utils import UserError, run_cli


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    from mmengine.config import DictAction
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help='folder of logs and checkpoints (default: work_dirs/<config name>)')
    parser.add_argument('--resume', nargs='?', const='auto', metavar='PATH',
                        help='go on from a checkpoint, or from the latest of the work directory')
    parser.add_argument('--amp', action='store_true', help='automatic mixed precision; bfloat16 on CPUs')
    parser.add_argument('--auto-scale-lr', action='store_true', help='scale the learning rate with the batch size')
    parser.add_argument('--no-validate', action='store_true', help='do not evaluate during training')
    parser.add_argument('--seed', type=int, help='seed of the run (default: randomness.seed, else a random one)')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, metavar='KEY=VALUE',
                        help='change the config, as in optim_wrapper.optimizer.lr=1e-4')
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none', help='job launcher')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help='set by launchers')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    return parser.parse_args()


def main() -> None:
    """Train."""
    args = parse_args()
    logging.raiseExceptions = args.debug  # a full disk is reported once, not by every log handler
    from mmengine.dist import is_main_process

    from mmrice.apis import config, data_checks, distributed, training
    from mmrice.apis.user_errors import user_errors

    distributed.set_local_rank(args.local_rank)
    cfg = config.load_config(args.config, args.cfg_options)
    if cfg.get('train_dataloader') is None:
        raise UserError(f'{args.config}: has no train_dataloader, so there is nothing to train. Test it with '
                        'tools/test.py.')
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.seed is not None:
        config.section(cfg, 'randomness').seed = args.seed
    training.set_work_dir(cfg, args.work_dir, args.config)
    data_checks.check_data(cfg, ('train', 'val'))
    distributed.start_distributed(cfg, args.launcher)
    training.set_resume(cfg, args.resume)
    training.set_amp(cfg, args.amp)
    if args.auto_scale_lr:
        training.scale_lr(cfg)
    training.complete_loaders(cfg)
    training.make_exact(cfg)
    with user_errors():
        runner = training.build_runner(cfg)
        runner.train()
    main_process = is_main_process()
    distributed.leave_distributed()
    if main_process:
        latest = Path(cfg.work_dir, 'latest.pth')
        print(f'checkpoint: {latest} ({latest.resolve().name})' if latest.exists() else f'results: {cfg.work_dir}')


if __name__ == '__main__':
    run_cli(main)

#!/usr/bin/env python
"""Evaluate a checkpoint with a config of MMPretrain, MMDetection or MMSegmentation.

Example:
    python tools/test.py configs/quick/upernet_rice-vit-tiny_mini-scenes.py work_dirs/demo/upernet/latest.pth
"""
import argparse
import json
import logging

import mmrice  # noqa: F401  (registers scopes and stand-ins before a host is imported)
from mmrice.utils import UserError, atomic_write, run_cli


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    from mmengine.config import DictAction
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file; for kNN and retrieval whatever init_cfg.checkpoint takes')
    parser.add_argument('--work-dir', help='folder of logs (default: work_dirs/<config name>)')
    parser.add_argument('--out', help='FILE.json for the metrics, of each class as well, and what was measured; '
                        'FILE.pkl for the predictions')
    parser.add_argument('--classwise', action='store_true', help='print the numbers of each class for detection and '
                        'panoptic segmentation, too')
    parser.add_argument('--show-dir', help='folder for painted images')
    parser.add_argument('--tta', action='store_true', help='test-time augmentation: the config\'s, else flips')
    parser.add_argument('--min-coverage', type=float, default=1., metavar='FRACTION',
                        help='parameters that the checkpoint must hold (default: 1, all)')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, metavar='KEY=VALUE',
                        help='change the config, as in test_dataloader.batch_size=8')
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none', help='job launcher')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help='set by launchers')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    args = parser.parse_args()
    if args.out and not args.out.endswith(('.json', '.pkl', '.pickle')):
        raise UserError(f'--out {args.out}: expected a name ending in .json (metrics) or .pkl (predictions).')
    return args


def main() -> None:
    """Test."""
    args = parse_args()
    logging.raiseExceptions = args.debug
    from mmengine.dist import is_main_process

    from mmrice.apis import config, data_checks, distributed, results, testing, training
    from mmrice.apis.user_errors import user_errors
    from mmrice.engine.checkpoint_io import read_checkpoint
    from mmrice.evaluation.summaries import watch

    distributed.set_local_rank(args.local_rank)
    cfg = config.load_config(args.config, args.cfg_options)
    if cfg.get('test_dataloader') is None:
        raise UserError(f'{args.config}: has no test_dataloader, so there is nothing to test.')
    training.set_work_dir(cfg, args.work_dir, args.config)
    data_checks.check_data(cfg, ('test', ))
    meta = {} if testing.tests_an_encoder(cfg) else read_checkpoint(args.checkpoint).get('meta') or {}
    cfg.load_from, cfg.resume = args.checkpoint, False
    distributed.start_distributed(cfg, args.launcher)
    training.complete_loaders(cfg)
    training.add_hooks(cfg, 'FloatResultsHook')
    cfg.custom_hooks = [hook for hook in cfg.custom_hooks if hook.get('type') != 'mmrice.LoadCheckHook']
    training.add_hooks(cfg, 'LoadCheckHook', min_coverage=args.min_coverage)
    if args.tta:
        testing.set_tta(cfg)
    if args.show_dir:
        testing.set_show_dir(cfg, args.show_dir)
    with user_errors():
        runner = training.build_runner(cfg)
        if args.out and not args.out.endswith('.json'):
            testing.keep_predictions(runner, args.out)
        evaluator = getattr(runner.test_loop, 'evaluator', None)
        summaries = watch(evaluator.metrics if evaluator else [])
        metrics = runner.test()
    main_process = is_main_process()
    distributed.leave_distributed()
    if not main_process:
        return
    print(f'\n{results.tables(metrics, summaries, args.classwise)}\n')
    if args.out and args.out.endswith('.json'):
        run = results.describe(cfg, args.config, args.checkpoint, meta, len(runner.test_dataloader.dataset))
        with atomic_write(args.out) as stream:
            json.dump(results.results_json(metrics, summaries, run), stream, indent=2)
            stream.write('\n')
    for place in filter(None, (args.show_dir, args.out)):
        print(f'results: {place}')
    if not args.out:
        print('results: ' + ', '.join(f'{name}={value:.4g}' for name, value in testing.to_json(metrics).items()
                                      if isinstance(value, (int, float))))


if __name__ == '__main__':
    run_cli(main)

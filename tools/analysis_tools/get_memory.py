#!/usr/bin/env python
"""Compute the memory of a GPU that pretrains with a config of RICE or MLCD: nothing is allocated, no GPU is needed.

What CUDA itself, NCCL and the gaps of the allocator take is not in the sum: leave a tenth free.

Example:
    python tools/analysis_tools/get_memory.py configs/quick/rice_vit-tiny_mini.py --gpus 2
"""
import argparse
from pathlib import Path

import mmrice  # noqa: F401  (registers scopes and stand-ins before a host is imported)
from mmrice.utils import UserError, run_cli


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    from mmengine.config import DictAction
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('--gpus', type=int, metavar='N', help='GPUs over which class centres are split (default: '
                        'auto_scale_lr.base_batch_size over the batch size of a GPU)')
    parser.add_argument('--json', type=Path, metavar='PATH', help='write the table as JSON, too')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, metavar='KEY=VALUE',
                        help='change the config, as in train_dataloader.batch_size=256')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    args = parser.parse_args()
    if args.gpus is not None and args.gpus < 1:
        raise UserError(f'--gpus: expected 1 or more, found {args.gpus}.')
    return args


def main() -> None:
    """Compute, print and write."""
    args = parse_args()
    from mmrice.apis.config import load_config
    from mmrice.apis.memory import report_memory
    from mmrice.apis.quiet import quiet_warnings
    from mmrice.utils.bench_json import print_table, write_bench_json

    quiet_warnings()
    cfg = load_config(args.config, args.cfg_options)
    base = (cfg.get('auto_scale_lr') or {}).get('base_batch_size', 0)
    gpus = args.gpus or max(1, base // cfg.train_dataloader.batch_size)
    report = report_memory(cfg, gpus)
    print('\n'.join([*report.notes, '']))
    print_table(report.rows, {'part': 'part', 'gib': 'GiB'})
    print(f'\nper GPU: {report.total / 2**30:.1f} GiB')
    if args.json:
        write_bench_json(args.json, dict(total_gib=report.total / 2**30), report.rows,
                         env=dict(gpus=gpus, notes=report.notes))
        print(f'results: {args.json}')


if __name__ == '__main__':
    run_cli(main)

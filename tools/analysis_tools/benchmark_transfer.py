#!/usr/bin/env python
"""Measure what makes transfer cheap: COCO's numbers, frozen encoders, features on disk.

    coco_eval_bbox, coco_eval_segm  pycocotools' time over that of mmrice.CocoMetric; equal numbers or an error
    frozen_step_speedup             training step of a linear segmentation probe with the encoder trained along over
                                    that with mmrice.FrozenBackbone
    trained_over_frozen_memory      the same of the peak memory of a step
    cache_first_pass_speedup        step without cache over that of a pass that fills FrozenBackbone's cache
    cache_later_pass_speedup        and over that of a pass that reads it

Example:
    python tools/analysis_tools/benchmark_transfer.py --json transfer.json
"""
import argparse
import importlib
import sys
from pathlib import Path
from typing import Any, Dict, List, Tuple

import mmrice  # noqa: F401  (before a host)
from mmrice.utils import UserError, run_cli

BENCHMARKS = ('evaluation', 'frozen', 'cache')
ARCHS = ('tiny', 'small', 'base', 'large')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', default=','.join(BENCHMARKS), metavar='NAMES',
                        help='comma-separated part of evaluation,frozen,cache (default: all)')
    parser.add_argument('--images', type=int, default=500, metavar='N', help='evaluation: drawn images (default: 500)')
    parser.add_argument('--arch', choices=ARCHS, default='small', help='frozen, cache: ViT/16 (default: small)')
    parser.add_argument('--side', type=int, default=224, metavar='PX', help='frozen, cache: of images (default: 224)')
    parser.add_argument('--batch', type=int, default=4, metavar='N', help='frozen, cache: images a step (default: 4)')
    parser.add_argument('--device', default='cpu', help='frozen, cache: cpu or cuda (default: cpu)')
    parser.add_argument('--threads', type=int, default=1, metavar='N', help='of the maths (default: 1)')
    parser.add_argument('--repeats', type=int, default=5, metavar='N', help='rounds that count (default: 5)')
    parser.add_argument('--seed', type=int, default=0, help='of images and weights (default: 0)')
    parser.add_argument('--json', type=Path, metavar='PATH', help='write the tables as JSON, too')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    args = parser.parse_args()
    args.only = [name.strip() for name in args.only.split(',') if name.strip()]
    unknown = [name for name in args.only if name not in BENCHMARKS]
    if unknown or not args.only:
        raise UserError(f'--only: expected some of {",".join(BENCHMARKS)}, found {",".join(unknown) or "nothing"}.')
    for name in ('images', 'batch', 'threads', 'repeats'):
        if getattr(args, name) < 1:
            raise UserError(f'--{name}: expected 1 or more, found {getattr(args, name)}.')
    if args.side < 16 or args.side % 16:
        raise UserError(f'--side: expected a multiple of 16, found {args.side}.')
    return args


def check_device(device: str) -> None:
    """See that torch has the device.

    Raises:
        UserError: It does not.
    """
    import torch
    if device.partition(':')[0] not in ('cpu', 'cuda'):
        raise UserError(f'--device: expected cpu or cuda, found {device}.')
    if device.startswith('cuda') and not torch.cuda.is_available():
        raise UserError(f'--device {device}: torch sees no GPU here.')


def measure(name: str, args: argparse.Namespace) -> Tuple[List[Dict[str, Any]], Dict[str, float]]:
    """Run one benchmark; its rows and ratios."""
    module = importlib.import_module(f'mmrice.testing.transfer_benchmarks.{name}')
    if name == 'evaluation':
        return module.measure(args.images, args.repeats, args.seed)
    return module.measure(args.arch, args.side, args.batch, args.device, args.repeats, args.seed)


def main() -> None:
    """Measure, print and write."""
    args = parse_args()
    import torch

    from mmrice.utils.bench_json import print_table, write_bench_json
    check_device(args.device)
    torch.set_num_threads(args.threads)
    rows, ratios = [], {}
    for name in args.only:
        print(f'{name} ...', file=sys.stderr, flush=True)
        found, own = measure(name, args)
        print(f'\n{name}\n')
        print_table(found)
        print('\n' + '\n'.join(f'{key:<32}{value:.3f}' for key, value in own.items()))
        rows += [{'benchmark': name, **row} for row in found]
        ratios.update(own)
    if args.json:
        setup = {key: getattr(args, key)
                 for key in ('images', 'arch', 'side', 'batch', 'device', 'threads', 'repeats', 'seed')}
        write_bench_json(args.json, ratios, rows, env=setup)
        print(f'\nresults: {args.json}')


if __name__ == '__main__':
    run_cli(main)

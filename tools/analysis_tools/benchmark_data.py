#!/usr/bin/env python
"""Measure the data side: the reader against bare decoding, the embedding stage against the bare encoder, and how time
and memory of all stages of a build grow with the number of images.

    reader_vs_decode           images/s of mmrice.RegionShardDataset over those of JPEG decode and resize alone
    embed_vs_encoder           crops/s of stage embed over those of the encoder alone
    STAGE_time_exponent        slope of time over images, both in logarithms: 1 is linear, 0 constant
    STAGE_mib_per_1000_images  by how much the peak memory of its process rises: 0 is flat

Example:
    python tools/analysis_tools/benchmark_data.py --only growth --sizes 100 1000 --json growth.json
"""
import argparse
import importlib
import sys
from pathlib import Path
from typing import Any, Dict, List, Tuple

import mmrice  # noqa: F401  (before a host)
from mmrice.utils import UserError, run_cli

BENCHMARKS = ('reader', 'embed', 'growth')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', default=','.join(BENCHMARKS), metavar='NAMES',
                        help='comma-separated part of reader,embed,growth (default: all)')
    parser.add_argument('--sizes', type=int, nargs='+', default=[100, 1000, 10_000], metavar='N',
                        help='growth: numbers of images, rising (default: 100 1000 10000)')
    parser.add_argument('--with-ocr', action='store_true', help='growth: read text, too (slow: give small --sizes)')
    parser.add_argument('--threads', type=int, default=1, metavar='N', help='reader, embed: of the maths (default: 1)')
    parser.add_argument('--repeats', type=int, default=5, metavar='N', help='reader, embed: rounds (default: 5)')
    parser.add_argument('--seed', type=int, default=0, help='of the images (default: 0)')
    parser.add_argument('--json', type=Path, metavar='PATH', help='write the tables as JSON, too')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    args = parser.parse_args()
    args.only = [name.strip() for name in args.only.split(',') if name.strip()]
    unknown = [name for name in args.only if name not in BENCHMARKS]
    if unknown or not args.only:
        raise UserError(f'--only: expected some of {",".join(BENCHMARKS)}, found {",".join(unknown) or "nothing"}.')
    for name in ('threads', 'repeats'):
        if getattr(args, name) < 1:
            raise UserError(f'--{name}: expected 1 or more, found {getattr(args, name)}.')
    return args


def measure(name: str, args: argparse.Namespace) -> Tuple[List[Dict[str, Any]], Dict[str, float]]:
    """Run one benchmark; its rows and ratios."""
    module = importlib.import_module(f'mmrice.testing.data_benchmarks.{name}')
    if name == 'growth':
        return module.measure(args.sizes, args.seed, args.with_ocr,
                              lambda line: print(f'growth: {line}', file=sys.stderr, flush=True))
    return module.measure(threads=args.threads, repeats=args.repeats, seed=args.seed)


def main() -> None:
    """Measure, print and write."""
    args = parse_args()
    from mmrice.utils.bench_json import print_table, write_bench_json
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
        setup = {key: getattr(args, key) for key in ('sizes', 'with_ocr', 'threads', 'repeats', 'seed')}
        write_bench_json(args.json, ratios, rows, env=setup)
        print(f'\nresults: {args.json}')


if __name__ == '__main__':
    run_cli(main)

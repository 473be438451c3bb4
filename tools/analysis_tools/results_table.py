#!/usr/bin/env python
"""Collect runs into one table: mean and standard deviation over seeds, beside the numbers that papers state.

A run is a results.json that tools/test.py --out wrote, or else the last validation of a training. Runs of a row share
their config and the weights that they started from; paths of weights count without their file name and without parts
that name a seed: rice/seed0/latest.pth and rice/seed1/latest.pth are one. Other rows with --group-by; numbers of
different datasets or splits never share one. One run has no standard deviation; it is that of a sample (n - 1).
Numbers marked "(paper)" are not of this project: they stand in the configs' metafile.yml with their source.

Example:
    python tools/analysis_tools/results_table.py work_dirs
"""
import argparse
import sys
from pathlib import Path

import mmrice  # noqa: F401  (registers scopes)
from mmrice.utils import atomic_write, run_cli
from mmrice.utils.results.groups import FIELDS
from mmrice.utils.results.paper import paper_numbers
from mmrice.utils.results.runs import find_runs
from mmrice.utils.results.table import choose_metrics, make_table


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('paths', nargs='+', type=Path, metavar='PATH', help='folder of runs, or results file')
    parser.add_argument('--format', choices=['markdown', 'csv'], default='markdown', help='(default: markdown)')
    parser.add_argument('--out', type=Path, metavar='FILE', help='where to write the table (default: print it)')
    parser.add_argument('--metric', nargs='+', metavar='NAME', help='columns, as in coco/bbox_mAP_50 (default: box and '
                        'mask AP, PQ, mIoU, cIoU, top-1 and recall@1, as far as there are)')
    parser.add_argument('--group-by', nargs='+', choices=list(FIELDS), default=['config', 'weights'], metavar='FIELD',
                        help=f'what runs of a row share: {", ".join(FIELDS)} (default: config weights); folder is that '
                        'of the results, without parts that name a seed')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    return parser.parse_args()


def main() -> None:
    """Collect and write."""
    args = parse_args()
    runs = find_runs(args.paths)
    metrics = choose_metrics(runs, args.metric)
    table = make_table(runs, args.group_by, metrics, paper_numbers(), args.format)
    if args.out:
        with atomic_write(args.out, encoding='utf-8') as stream:
            stream.write(table + '\n')
    else:
        print(table)
    for run in runs:
        if not run.source:
            print(f'without results: {run.place}', file=sys.stderr)
    if args.out:
        print(f'table: {args.out} ({len(runs)} runs)')


if __name__ == '__main__':
    run_cli(main)

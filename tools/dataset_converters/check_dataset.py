#!/usr/bin/env python
"""Check that a dataset is complete where the configs look for it; say what is missing and where users get it.

Nothing is downloaded. Exit status 0 only if everything is there.
"""
import argparse

from mmrice.data_checks import DATASETS, check_dataset
from mmrice.utils import UserError, run_cli


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='Example:\n  python tools/dataset_converters/check_dataset.py coco data/coco --decode 20')
    parser.add_argument('dataset', choices=list(DATASETS), metavar='DATASET', help=', '.join(DATASETS))
    parser.add_argument('root', nargs='?', help='its folder (default: where the configs look)')
    parser.add_argument('--decode', type=int, default=0, metavar='N', help='decode N images a folder (default: 0)')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    args = parser.parse_args()
    if args.decode < 0:
        raise UserError(f'--decode: expected 0 or more, found {args.decode}.')
    return args


def main() -> int:
    """Check and print."""
    args = parse_args()
    rows = check_dataset(args.dataset, args.root, args.decode)
    bad = [row for row in rows if row.problem]
    for row in bad:
        print(f'{row.problem}\n    get it: {row.fix}')
    width = max(len(row.what) for row in rows)
    for row in rows:
        print(f'{row.what:<{width}}  {"MISSING" if row.problem else "ok"}')
    root = args.root or DATASETS[args.dataset].root
    print(f'{root}: {len(bad)} of {len(rows)} checks failed' if bad else f'{root}: {args.dataset} is complete')
    return 1 if bad else 0


if __name__ == '__main__':
    run_cli(main)

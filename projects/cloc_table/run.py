#!/usr/bin/env python
"""Pretrain CLOC, its ablations and CLIP at the same number of images, and test each on new compositions.

Runs tools/train.py and tools/test.py, several at once. What has ended well is not run again.

Example:
    python projects/cloc_table/run.py --out work_dirs/cloc_table
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cloc_table import jobs, table  # noqa: E402

import mmrice  # noqa: E402, F401
from mmrice.utils import UserError, atomic_write, experiment, run_cli  # noqa: E402

DATA = ('data/cloc_table/scenes/text/train.jsonl', 'data/cloc_table/texts/meta.json')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, required=True, help='folder of runs, logs and table.md')
    parser.add_argument('--jobs', type=int, metavar='N', help='runs at once (default: the cores; at most 14)')
    parser.add_argument('--iters', type=int, default=500, metavar='N', help='of pretraining (default: 500)')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2], help='default: 0 1 2')
    parser.add_argument('--contenders', nargs='+', choices=list(jobs.CONTENDERS), default=list(jobs.CONTENDERS),
                        help='default: all')
    parser.add_argument('--list', action='store_true', help='show the jobs and their commands, run nothing')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    args = parser.parse_args()
    for name in ('jobs', 'iters'):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise UserError(f'--{name} {getattr(args, name)}: expected 1 or more.')
    return args


def main() -> None:
    """Run the jobs, write the table."""
    args = parse_args()
    made = jobs.make_jobs(args.out, args.contenders, args.seeds, args.iters)
    if args.list:
        experiment.show_jobs(made.values())
        return
    experiment.need_files(DATA, 'projects/cloc_table/README.md')
    ended = experiment.run_jobs(made, args.out, args.jobs)
    text = table.markdown(args.out, args.contenders, args.seeds)
    print(f'\n{text}\n')
    with atomic_write(args.out / 'table.md', encoding='utf-8') as stream:
        stream.write(f'{text}\n\n{args.iters} iterations, seeds {args.seeds}, {ended.workers} runs at once, '
                     f'{ended.seconds:.0f} s\n')
    experiment.check_ended(ended, args.out, args.out / 'table.md')
    print(f'table: {args.out / "table.md"}')


if __name__ == '__main__':
    run_cli(main)

#!/usr/bin/env python
"""Pretrain RICE and MLCD on the mini data at the same budget, and measure both and random weights in four tasks.

Runs tools/train.py and tools/test.py, several at once. What has ended well is not run again.

Example:
    python projects/transfer_table/run.py --budget cpu --out work_dirs/transfer_table
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from transfer_table import jobs, table  # noqa: E402

import mmrice  # noqa: E402, F401
from mmrice.utils import UserError, experiment, run_cli  # noqa: E402

DATA = Path('data/transfer_table')
PARTS = ('scenes/annotations/train.json', 'regions/meta.json', 'images/meta.json')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--budget', choices=list(jobs.BUDGETS), required=True,
                        help='how long everything trains; smoke is for trying the machinery')
    parser.add_argument('--out', type=Path, required=True, help='folder of runs, logs and table.md')
    parser.add_argument('--jobs', type=int, metavar='N', help='runs at once (default: the cores; at most 14)')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2], help='default: 0 1 2')
    parser.add_argument('--tasks', nargs='+', choices=list(jobs.TASKS), default=list(jobs.TASKS), help='default: all')
    parser.add_argument('--inits', nargs='+', choices=jobs.INITS, default=list(jobs.INITS), help='default: all')
    parser.add_argument('--list', action='store_true', help='show the jobs and their commands, run nothing')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    args = parser.parse_args()
    if args.jobs is not None and args.jobs < 1:
        raise UserError(f'--jobs {args.jobs}: expected 1 or more.')
    return args


def main() -> None:
    """Run the jobs, write the table."""
    args = parse_args()
    made = jobs.make_jobs(jobs.BUDGETS[args.budget], args.out, args.tasks, args.inits, args.seeds)
    if args.list:
        experiment.show_jobs(made.values())
        return
    experiment.need_files([str(DATA / part) for part in PARTS], 'projects/transfer_table/README.md')
    ended = experiment.run_jobs(made, args.out, args.jobs)
    from mmrice.utils.bench_json import environment
    here = environment()
    about = dict(budget=f'{args.budget}, {jobs.BUDGETS[args.budget]}', seeds=args.seeds, cpu=here['cpu'],
                 cores=here['cores'], gpus=', '.join(here['gpus']) or 'none', torch=here['torch'],
                 wall=f'{ended.seconds:.0f} s, {ended.workers} jobs at once')
    text = table.markdown(args.out, args.tasks, args.inits, args.seeds)
    print(f'\n{text}\n')
    path = table.write_report(args.out, text, made, about)
    experiment.check_ended(ended, args.out, path)
    print(f'results: {path}')


if __name__ == '__main__':
    run_cli(main)

#!/usr/bin/env python
"""Pretrain RICE and MLCD on the mini data at the same budget, and measure both and random weights in four tasks.

Runs tools/train.py and tools/test.py, several at once. What has ended well is not run again.

Example:
    python projects/transfer_table/run.py --budget cpu --out work_dirs/transfer_table
"""
import argparse
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from transfer_table import jobs, table  # noqa: E402

import mmrice  # noqa: E402, F401
from mmrice.utils import UserError, job_pool, run_cli  # noqa: E402

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


def check_data() -> None:
    """See that the data is there.

    Raises:
        UserError: A part is missing.
    """
    for part in PARTS:
        if not (DATA / part).is_file():
            raise UserError(f'{DATA / part}: no such file. projects/transfer_table/README.md says how to make it.')


def main() -> None:
    """Run the jobs, write the table."""
    args = parse_args()
    made = jobs.make_jobs(jobs.BUDGETS[args.budget], args.out, args.tasks, args.inits, args.seeds)
    if args.list:
        for name, job in made.items():
            print('\n  $ '.join([name, *job_pool.texts(job)]))
        return
    check_data()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    workers = args.jobs or min(cores, 14)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    begin = time.monotonic()
    failed = job_pool.Pool(made, args.out, workers).run()
    from mmrice.utils.bench_json import environment
    here = environment()
    about = dict(budget=f'{args.budget}, {jobs.BUDGETS[args.budget]}', seeds=args.seeds, cpu=here['cpu'],
                 cores=here['cores'], gpus=', '.join(here['gpus']) or 'none', torch=here['torch'],
                 wall=f'{time.monotonic() - begin:.0f} s, {workers} jobs at once')
    text = table.markdown(args.out, args.tasks, args.inits, args.seeds)
    print(f'\n{text}\n')
    path = table.write_report(args.out, text, made, about)
    if failed:
        raise UserError(f'{len(failed)} jobs failed: {" ".join(failed)}. Logs are in {args.out / "logs"}; run the same '
                        f'command again for what is missing. What there is: {path}')
    print(f'results: {path}')


if __name__ == '__main__':
    run_cli(main)

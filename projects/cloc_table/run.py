#!/usr/bin/env python
"""Pretrain CLOC, its ablations and CLIP at the same number of images, and test each on new compositions.

Runs tools/train.py and tools/test.py, several at once. What has ended well is not run again.

Example:
    python projects/cloc_table/run.py --out work_dirs/cloc_table
"""
import argparse
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cloc_table import jobs, table  # noqa: E402

import mmrice  # noqa: E402, F401
from mmrice.utils import UserError, atomic_write, job_pool, run_cli  # noqa: E402

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
        for name, job in made.items():
            print('\n  $ '.join([name, *job_pool.texts(job)]))
        return
    for path in DATA:
        if not Path(path).is_file():
            raise UserError(f'{path}: no such file. projects/cloc_table/README.md says how to make it.')
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    workers = args.jobs or min(cores, 14)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    begin = time.monotonic()
    failed = job_pool.Pool(made, args.out, workers).run()
    text = table.markdown(args.out, args.contenders, args.seeds)
    print(f'\n{text}\n')
    with atomic_write(args.out / 'table.md', encoding='utf-8') as stream:
        stream.write(f'{text}\n\n{args.iters} iterations, seeds {args.seeds}, {workers} runs at once, '
                     f'{time.monotonic() - begin:.0f} s\n')
    if failed:
        raise UserError(f'{len(failed)} jobs failed: {" ".join(failed)}. Logs are in {args.out / "logs"}; run the same '
                        f'command again for what is missing. What there is: {args.out / "table.md"}')
    print(f'table: {args.out / "table.md"}')


if __name__ == '__main__':
    run_cli(main)

#!/usr/bin/env python
"""The claims of RICE at a small scale: data, pretrainings of all contenders at equal compute, frozen probes, verdicts.

Runs the package's own tools, several at once. What has ended well is not run again: after a kill the same command goes
on. The page of results is written at the end.

Example:
    python projects/scaled_rice/run.py --budget cpu
"""
import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

sys.path.insert(0, str(Path(__file__).resolve().parent))

import mmrice  # noqa: E402, F401
from mmrice.utils import UserError, atomic_write, experiment, job_pool, run_cli  # noqa: E402

from scaled_rice import budgets, data_jobs, estimate, jobs, page, rates  # noqa: E402  isort: skip
from scaled_rice.claims import Runs  # noqa: E402  isort: skip
from scaled_rice.contenders import CONTENDERS  # noqa: E402  isort: skip


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--budget', choices=budgets.NAMES, required=True,
                        help='cpu: two hours on 2 cores; gpu: ViT-S; smoke: tries the machinery in minutes')
    parser.add_argument('--out', type=Path, help='folder of runs and logs (default: work_dirs/scaled_rice/BUDGET)')
    parser.add_argument('--doc', type=Path, help='the page of results (default: docs/scaled_rice.md, of gpu '
                        'docs/scaled_rice_gpu.md; where not all was asked for or something failed in OUT)')
    parser.add_argument('--jobs', type=int, metavar='N', help='runs at once (default: the cores; at most 8)')
    parser.add_argument('--seeds', type=int, nargs='+', help='of the main runs (default: 0 1 2; smoke: 0)')
    parser.add_argument('--contenders', nargs='+', choices=list(CONTENDERS),
                        help='default: all (smoke: random rice)')
    parser.add_argument('--no-sweeps', dest='sweeps', action='store_false',
                        help='leave out what varies settings of RICE')
    parser.add_argument('--list', action='store_true', help='show jobs, commands and an estimate; run nothing')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    args = parser.parse_args()
    if args.jobs is not None and args.jobs < 1:
        raise UserError(f'--jobs {args.jobs}: expected 1 or more.')
    if args.seeds and len(set(args.seeds)) < len(args.seeds):
        raise UserError(f'--seeds {" ".join(map(str, args.seeds))}: one stands there twice.')
    if args.sweeps and 'rice' not in (args.contenders or ['rice']):
        raise UserError('--contenders: the sweeps are of rice. Name it, too, or add --no-sweeps.')
    args.out = args.out or Path('work_dirs') / 'scaled_rice' / args.budget
    return args


def first_jobs(budget: budgets.Budget, args: argparse.Namespace) -> List[job_pool.Job]:
    """The data, then the pretrainings that choose learning rates."""
    grid = jobs.grid_jobs(budget, args.out, args.contenders)
    wanted = {name for job in [*grid, *later_jobs(budget, args)] for name in job.needs if name.startswith('data/')}
    return [*data_jobs.data_jobs(budget, sorted(wanted)), *grid]


def later_jobs(budget: budgets.Budget, args: argparse.Namespace, missing: bool = True) -> List[job_pool.Job]:
    """Main runs and sweeps, with the learning rates as far as they are chosen."""
    chosen = rates.choose(args.out, args.contenders, missing)
    made = jobs.main_jobs(budget, args.out, chosen, args.seeds)
    return [*made, *jobs.sweep_jobs(budget, args.out, chosen['rice'])] if args.sweeps and 'rice' in chosen else made


def show(budget: budgets.Budget, args: argparse.Namespace, workers: int) -> None:
    """Print what would be run."""
    made = [*first_jobs(budget, args), *later_jobs(budget, args)]
    pool = job_pool.Pool({job.name: job for job in made}, args.out, workers)
    left = [job for job in made if not pool.is_done(job.name)]
    experiment.show_jobs(made)
    seconds = estimate.estimate(left, budget, workers)
    print(f'\nAll with {budgets.VARIABLE}={budget.name} in the environment. Learning rates that are not chosen yet are '
          'shown as the middle one.')
    print(f'{len(left)} of {len(made)} jobs to run, {workers} at once: '
          + (f'about {seconds / 60:.0f} minutes.' if seconds is not None else 'not measured how long.'))


def spent(out: Path, seconds: float) -> float:
    """Note the seconds of this call; returns those of all calls."""
    path = out / 'wall.json'
    before = json.loads(path.read_text(encoding='utf-8')) if path.is_file() else []
    with atomic_write(path, encoding='utf-8') as stream:
        stream.write(json.dumps([*before, round(seconds, 1)]) + '\n')
    return sum(before) + seconds


def describe(args: argparse.Namespace, workers: int, seconds: float) -> Dict[str, Any]:
    """What stands beside every number."""
    from mmrice.utils.bench_json import environment
    here = environment()
    git = ['git', '-C', str(Path(__file__).parent)]
    commit = subprocess.run([*git, 'rev-parse', '--short', 'HEAD'], capture_output=True, text=True).stdout.strip()
    changed = subprocess.run([*git, 'status', '--porcelain', '-uno'], capture_output=True, text=True).stdout.strip()
    return {'Seeds': ', '.join(map(str, args.seeds)),
            'commit': (commit or 'unknown') + ' with changes' * bool(changed),
            'machine': f'{here["cpu"]}, {here["cores"]} cores, GPU: {", ".join(here["gpus"]) or "none"}, torch '
            f'{here["torch"]}', 'wall time of all': f'{seconds / 60:.0f} min with {workers} jobs at once'}


def main() -> None:
    """Run the jobs, write the page."""
    args = parse_args()
    budget = budgets.read_budget(args.budget)
    args.seeds, args.contenders = args.seeds or budget.seeds, args.contenders or budget.contenders
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    workers = args.jobs or min(cores, budget.at_once)
    if args.list:
        return show(budget, args, workers)
    args.out.mkdir(parents=True, exist_ok=True)
    begin, first = time.monotonic(), first_jobs(budget, args)
    try:
        experiment.run_jobs({job.name: job for job in first}, args.out, workers)
        made = {job.name: job for job in [*first, *later_jobs(budget, args, missing=False)]}
        ended = experiment.run_jobs(made, args.out, workers)
    finally:
        seconds = spent(args.out, time.monotonic() - begin)
    asked = (tuple(args.seeds), tuple(args.contenders), args.sweeps)
    whole = asked == (budget.seeds, budget.contenders, True) and args.budget != 'smoke' and not ended.failed
    name = 'scaled_rice_gpu.md' if args.budget == 'gpu' else 'scaled_rice.md'
    doc = args.doc or (Path('docs') if whole else args.out) / name
    runs = Runs(args.out, budget.name, args.seeds, budget.sweep_seeds if args.sweeps else ())
    page.write_page(doc, runs, args.contenders, made, describe(args, workers, seconds))
    experiment.check_ended(ended, args.out, doc)
    print(f'results: {doc}')


if __name__ == '__main__':
    run_cli(main)

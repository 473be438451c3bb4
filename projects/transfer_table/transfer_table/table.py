"""The table: mean and standard deviation over seeds, with what made it."""
import json
from pathlib import Path
from statistics import mean
from typing import Any, Dict, List, Optional, Sequence

from mmrice.utils import UserError
from mmrice.utils.job_pool import STAMP, Job
from mmrice.utils.results.text import mean_cell

from .jobs import TASKS

TITLES = dict(random='random weights', mlcd='MLCD', rice='RICE')


def read_results(out: Path, task: str, init: str, seeds: Sequence[int]) -> List[float]:
    """The task's metric of each seed that has a result, in percent; what could not be measured (-1) counts as 0.

    Raises:
        UserError: A result lacks the metric.
    """
    values = []
    for seed in seeds:
        path = out / task / init / f'seed{seed}' / 'results.json'
        if path.is_file():
            found = json.loads(path.read_text(encoding='utf-8'))
            if TASKS[task].metric not in found:
                raise UserError(f'{path}: has no {TASKS[task].metric}. Remove it and run again.')
            values.append(max(0., found[TASKS[task].metric]) * TASKS[task].scale)
    return values


def markdown(out: Path, tasks: Sequence[str], inits: Sequence[str], seeds: Sequence[int]) -> str:
    """Rows of tasks, columns of initial weights."""
    lines = ['| task | metric | ' + ' | '.join(TITLES[init] for init in inits) + ' |', '|---' * (2 + len(inits)) + '|']
    for task in tasks:
        cells = [mean_cell(read_results(out, task, init, seeds)) for init in inits]
        metric = TASKS[task].metric.replace('coco/bbox_mAP', 'box mAP')
        lines.append(f'| {TASKS[task].title} | {metric} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)


def job_seconds(out: Path, jobs: Dict[str, Job]) -> Dict[str, Optional[float]]:
    """Wall seconds of each job, None where it has not ended well."""
    stamps = {name: out / name / STAMP for name in jobs}
    return {name: json.loads(path.read_text(encoding='utf-8'))['seconds'] if path.is_file() else None
            for name, path in stamps.items()}


def write_report(out: Path, table: str, jobs: Dict[str, Job], about: Dict[str, Any]) -> Path:
    """Write table.md: the table, the machine, seconds of each kind of job, the commands of one of each.

    Args:
        out: Folder of all runs.
        table: The table.
        jobs: All jobs.
        about: What else to say, a line each.

    Returns:
        Path: The file.
    """
    kinds: Dict[str, List[str]] = {}
    for name in jobs:
        kind, init, _ = name.split('/')
        kinds.setdefault(f'{kind} {init}' if kind == 'pretrain' else kind, []).append(name)
    seconds = job_seconds(out, jobs)
    lines = [table, '', *(f'- {key}: {value}' for key, value in about.items()), '',
             '| job | runs | seconds each |', '|---|---|---|']
    for kind, names in kinds.items():
        spent = [seconds[name] for name in names if seconds[name] is not None]
        lines.append(f'| {kind} | {len(spent)} | {mean(spent):.0f} |' if spent else f'| {kind} | 0 | |')
    lines += ['', '```']
    for names in kinds.values():
        stamp = out / names[-1] / STAMP
        if stamp.is_file():
            lines += json.loads(stamp.read_text(encoding='utf-8'))['commands']
    path = out / 'table.md'
    path.write_text('\n'.join([*lines, '```', '']), encoding='utf-8')
    return path

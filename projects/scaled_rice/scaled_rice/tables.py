"""The tables of the page of results."""
import json
from pathlib import Path
from typing import Any, Dict, List, Sequence

from mmrice.utils.job_pool import STAMP, Job
from mmrice.utils.results.text import mean_cell

from . import verdicts
from .claims import CLAIMS, Runs
from .contenders import CONTENDERS, LEARNING_RATES, sweeps
from .measures import MEASURES, SWEPT, Measure
from .rates import choose, tried


def verdict_lines(runs: Runs) -> List[str]:
    """A row for each claim, and the rule."""
    lines = ['| claim | verdict | ahead | level | behind |', '|---|---|---|---|---|']
    details = []
    for claim, compare in CLAIMS.items():
        verdict = verdicts.judge(compare(runs))
        counts = [len(verdict.ahead), len(verdict.level), len(verdict.behind)]
        lines.append(f'| {claim} | **{verdict.word}** | ' + ' | '.join(map(str, counts)) + ' |')
        for word, names in (('ahead', verdict.ahead), ('behind', verdict.behind), ('missing', verdict.missing)):
            details += [f'- {claim}. {word.capitalize()} in: {"; ".join(names)}.'] if names else []
    rule = (verdicts.__doc__ or '').partition('\n\n')[2].strip()
    return [*lines, '', rule, '', *details]


def contender_table(runs: Runs, contenders: Sequence[str], table: Dict[str, Measure]) -> List[str]:
    """Rows of contenders, columns of measures."""
    lines = ['| | learns from | ' + ' | '.join(measure.title for measure in table.values()) + ' |',
             '|---' * (2 + len(table)) + '|']
    for name in contenders:
        cells = [mean_cell(runs.main(name, measure)) for measure in table]
        lines.append(f'| {CONTENDERS[name].title} | {CONTENDERS[name].labels} | ' + ' | '.join(cells) + ' |')
    return lines


def sweep_table(runs: Runs) -> List[str]:
    """Rows of values of settings, columns of measures."""
    titles = [f'{MEASURES[name].title}, {name.rpartition("-")[2]}' for name in SWEPT]
    lines = ['| setting | value | ' + ' | '.join(titles) + ' |', '|---' * (2 + len(titles)) + '|']
    for name, sweep in sweeps(runs.budget).items():
        for value, options in sweep.values.items():
            cells = [mean_cell(runs.swept(name, value, measure)) for measure in SWEPT]
            shown = value + ', as in the tables above' * (not options)
            lines.append(f'| {sweep.title} | {shown} | ' + ' | '.join(cells) + ' |')
    return lines


def rate_table(out: Path, contenders: Sequence[str]) -> List[str]:
    """Rows of contenders, columns of learning rates; the chosen ones in bold, with a mark where the grid ends."""
    lines = ['| | ' + ' | '.join(f'{rate:g}' for rate in LEARNING_RATES) + ' |',
             '|---' * (1 + len(LEARNING_RATES)) + '|']
    for name in contenders:
        found = tried(out, name)
        best = choose(out, [name]).get(name)
        ends = (min(found), max(found))
        cells = ['' if value is None else f'**{value:.1f}**' + ' (edge)' * (rate in ends) if rate == best
                 else f'{value:.1f}' for rate, value in found.items()]
        if any(cells):
            lines.append(f'| {CONTENDERS[name].title} | ' + ' | '.join(cells) + ' |')
    return lines


def command_lines(out: Path, jobs: Dict[str, Job]) -> List[str]:
    """Seconds of each kind of job, and the commands of the last that has ended well; the others differ in names."""
    kinds: Dict[str, List[Dict[str, Any]]] = {}
    for name in jobs:
        stamp = out / name / STAMP
        if stamp.is_file():
            content = json.loads(stamp.read_text(encoding='utf-8'))
            kinds.setdefault(_kind(name), []).append(content)
    lines = ['| job | runs | seconds each |', '|---|---|---|']
    for kind, found in kinds.items():
        lines.append(f'| {kind} | {len(found)} | {sum(each["seconds"] for each in found) / len(found):.0f} |')
    together = sum(each['seconds'] for found in kinds.values() for each in found)
    lines += ['', f'Together {together / 60:.0f} minutes of jobs; the wall time also has what was begun and not ended.',
              '', 'One of each kind:', '', '```']
    for found in kinds.values():
        lines += found[-1]['commands']
    return [*lines, '```']


def _kind(name: str) -> str:
    first, *middle, last = name.split('/')
    if first == 'main':
        return f'{middle[0]}: {last}' if last == 'pretraining' else f'probe: {last}'
    return first if first != 'data' else name

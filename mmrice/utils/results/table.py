"""The table of results: rows of groups, columns of metrics, the papers' numbers beside them."""
import difflib
from typing import Any, Dict, List, Optional, Sequence

from mmrice.utils import UserError

from .groups import HEADLINES, Group, Mean, group_runs, short_names
from .paper import Stated
from .runs import Run
from .text import as_csv, markdown


def choose_metrics(runs: Sequence[Run], wanted: Optional[Sequence[str]] = None) -> List[str]:
    """The columns.

    Args:
        runs: All runs.
        wanted: Names that the hosts give; None: box and mask AP, PQ, mIoU, cIoU, top-1 and recall@1, as far as a run
            has them.

    Raises:
        UserError: No run has a wanted metric, or any of the usual ones.
    """
    known = list(dict.fromkeys(name for run in runs for name in run.metrics))
    for name in wanted or ():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise UserError(f'--metric {name}: no run has it.' + (f' Did you mean {near[0]}?' if near else '')
                            + f' Known: {", ".join(known) or "none"}.')
    chosen = list(wanted or [name for name in HEADLINES if name in known])
    if known and not chosen:
        raise UserError(f'give --metric: no run has a usual one. Known: {", ".join(known)}.')
    return chosen


def make_table(runs: Sequence[Run], fields: Sequence[str], metrics: Sequence[str],
               papers: Dict[str, Dict[str, Stated]], style: str = 'markdown') -> str:
    """Write the table.

    Args:
        runs: All runs.
        fields: What runs of a row share, some of :data:`mmrice.utils.results.groups.FIELDS`.
        metrics: The columns.
        papers: Of :func:`mmrice.utils.results.paper.paper_numbers`. They are shown where the config is a field.
        style: 'markdown', with '38.9 ± 0.2', or 'csv', with a column each.

    Returns:
        str: Without a newline at its end.
    """
    groups = group_runs(runs, fields, metrics)
    names = short_names(groups)
    stated = [papers.get(group.key.get('config', ''), {}) for group in groups]
    rows = []
    for group, paper in zip(groups, stated):
        row: Dict[str, Any] = {**group.key, 'runs': len(group.runs), 'seeds': _seeds(group)}
        if 'weights' in row:
            row['weights'] = names[row['weights']]
        if any(other.missing for other in groups):
            row['without results'] = group.missing
        for metric in metrics:
            heading = HEADLINES[metric][0] if metric in HEADLINES else metric
            row.update((_words if style == 'markdown' else _numbers)(heading, group, group.means.get(metric)))
            if any(metric in other for other in stated):
                row[f'{heading} (paper)'] = paper[metric].value if metric in paper else None
        rows.append(row)
    return markdown(rows) if style == 'markdown' else as_csv(rows)


def _seeds(group: Group) -> str:
    return ' '.join('?' if run.seed is None else str(run.seed) for run in group.runs)


def _words(heading: str, group: Group, value: Optional[Mean]) -> Dict[str, Any]:
    if value is None:
        return {heading: None}
    text = f'{value.value:.1f}' if value.deviation is None else f'{value.value:.1f} ± {value.deviation:.1f}'
    return {heading: text if value.count == len(group.runs) else f'{text} ({value.count} of {len(group.runs)})'}


def _numbers(heading: str, group: Group, value: Optional[Mean]) -> Dict[str, Any]:
    mean, deviation, count = value or (None, None, 0)
    return {heading: mean, f'{heading} std': deviation, f'{heading} runs': count}

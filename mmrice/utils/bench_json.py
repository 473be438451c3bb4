"""What every benchmark leaves behind: a table that a person reads and a JSON file that a program reads."""
import json
import os
import platform
import shlex
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Union

from .atomic import atomic_write

_PACKAGES = ('mmrice', 'transformers')


def write_bench_json(path: Union[str, Path],
                     ratios: Dict[str, float],
                     rows: Sequence[Dict[str, Any]],
                     env: Optional[Dict[str, Any]] = None) -> None:
    """Write ``{"ratios", "rows", "env", "command"}``; the command is that of this process, its paths as typed.

    Args:
        path: The file. Its folder is created.
        ratios: {name: number}, the findings.
        rows: Flat dicts, the table that they come from. Numbers of NumPy and one-element tensors become plain ones.
        env: What else the numbers depend on, beside :func:`environment`. Defaults to None.

    Raises:
        ValueError: A number is infinite or not a number.
        TypeError: A value is none that JSON knows.
    """
    content = dict(ratios=ratios, rows=list(rows), env={**environment(), **(env or {})},
                   command=shlex.join(['python', *sys.argv]))
    text = json.dumps(content, indent=2, allow_nan=False, default=_plain)
    with atomic_write(path, encoding='utf-8') as stream:
        stream.write(text + '\n')


def environment() -> Dict[str, Any]:
    """This machine and what is installed.

    Returns:
        dict: 'cpu' (model), 'cores' (that this process may use), 'threads' (of torch), 'gpus' (names), 'python' and
        'packages', {distribution: version}.
    """
    import torch

    from mmrice.compat.versions import installed, openmmlab
    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return dict(cpu=_cpu_model(), cores=_cores(), threads=torch.get_num_threads(), gpus=gpus,
                python=platform.python_version(), torch=torch.__version__,
                packages={**openmmlab(), **installed(list(_PACKAGES))})


def print_table(rows: Sequence[Dict[str, Any]], columns: Optional[Union[Sequence[str], Dict[str, str]]] = None) -> None:
    """Print rows as a Markdown table, to be read in a terminal or pasted into a page.

    Args:
        rows: Flat dicts. Floats are printed with four digits, integers with commas, None and absent values as nothing.
        columns: Keys to print, or {key: heading}. Defaults to None, the keys of all rows in order of appearance.
    """
    from terminaltables import GithubFlavoredMarkdownTable
    if columns is None:
        columns = list(dict.fromkeys(key for row in rows for key in row))
    headings = columns if isinstance(columns, dict) else {key: key for key in columns}
    cells = [[_cell(row.get(key)) for key in headings] for row in rows]
    table = GithubFlavoredMarkdownTable([list(headings.values()), *cells])
    for index, key in enumerate(headings):
        values = [row.get(key) for row in rows if row.get(key) is not None]
        if values and not any(isinstance(value, (str, bool)) for value in values):
            table.justify_columns[index] = 'right'
    print(table.table)


def _cell(value: Any) -> str:
    if value is None:
        return ''
    if isinstance(value, int) and not isinstance(value, bool):
        return f'{value:,}'
    if isinstance(value, float):
        return f'{value:,.0f}' if abs(value) >= 1000 else f'{value:.4g}'
    return str(value)


def _plain(value: Any) -> Union[int, float, str]:
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, 'item'):
        return value.item()
    raise TypeError(f'{type(value).__name__} cannot be written as JSON')


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


def _cpu_model() -> str:
    try:
        lines: List[str] = Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines()
    except OSError:
        lines = []
    names = (line.partition(':')[2].strip() for line in lines if line.startswith('model name'))
    return next(names, '') or platform.processor() or platform.machine()

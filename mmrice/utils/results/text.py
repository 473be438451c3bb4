"""Tables as text."""
import csv
import io
from statistics import mean, stdev
from typing import Any, Dict, List, Sequence

from .units import cell


def columns_of(rows: Sequence[Dict[str, Any]]) -> List[str]:
    """Keys of all rows in order of appearance."""
    return list(dict.fromkeys(key for row in rows for key in row))


def markdown(rows: Sequence[Dict[str, Any]]) -> str:
    """A Markdown table, its columns aligned for a terminal.

    Args:
        rows: Flat dicts; floats get one decimal, what is None or absent is empty.
    """
    columns = columns_of(rows)
    lines = [columns, *([cell(row.get(column)).replace('|', r'\|') for column in columns] for row in rows)]
    widths = [max(3, *(len(line[place]) for line in lines)) for place in range(len(columns))]
    words = {column for column in columns if any(isinstance(row.get(column), str) for row in rows)}

    def fit(line: Sequence[str]) -> str:
        parts = (text.ljust(width) if column in words else text.rjust(width)
                 for text, width, column in zip(line, widths, columns))
        return '| ' + ' | '.join(parts) + ' |'

    rule = ['-' * width if column in words else '-' * (width - 1) + ':' for width, column in zip(widths, columns)]
    return '\n'.join([fit(lines[0]), fit(rule), *map(fit, lines[1:])])


def mean_cell(values: Sequence[float]) -> str:
    """Mean and sample standard deviation of runs with several seeds: '12.3 ± 0.4', '12.3 (1 seed)', ''."""
    if not values:
        return ''
    return f'{mean(values):.1f} ± {stdev(values):.1f}' if len(values) > 1 else f'{values[0]:.1f} (1 seed)'


def as_csv(rows: Sequence[Dict[str, Any]]) -> str:
    """Comma-separated values with a line of headings; numbers are not rounded."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns_of(rows), lineterminator='\n')
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().rstrip('\n')

"""Line charts as inline SVG: axes, grid, legend, colours that follow the page's light or dark style."""
import math
from html import escape
from typing import Dict, List, Sequence, Tuple

WIDTH, HEIGHT = 460, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 14, 40


def ticks(low: float, high: float, most: int = 6) -> List[float]:
    """Round numbers that cover an interval: at most ``most``, first <= ``low`` and last >= ``high``."""
    if high <= low:
        low, high = low - 0.5, high + 0.5
    unit = 10**math.floor(math.log10((high - low) / most))
    for step in (unit * factor for factor in (1, 2, 2.5, 5, 10, 20, 50)):  # 50 units always suffice
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first < most:
            break
    return [round(number * step, 10) for number in range(first, last + 1)]


def line_chart(series: Dict[str, Tuple[Sequence[float], Sequence[float]]], x_label: str, y_label: str,
               classes: Sequence[str] = ('line-a', 'line-b', 'line-c')) -> str:
    """Draw curves over a common pair of axes.

    Args:
        series: name -> (x values, y values), at least one point each; at most as many as there are ``classes``.
        x_label: Of the horizontal axis.
        y_label: Of the vertical axis.
        classes: CSS classes that colour the curves.

    Returns:
        str: An ``<svg>`` element.
    """
    x_ticks = ticks(0, max(max(x) for x, _ in series.values()))
    y_ticks = ticks(min(min(y) for _, y in series.values()), max(max(y) for _, y in series.values()))

    def place_x(value: float) -> float:
        return LEFT + (value - x_ticks[0]) / (x_ticks[-1] - x_ticks[0]) * (WIDTH - LEFT - RIGHT)

    def place_y(value: float) -> float:
        return HEIGHT - BOTTOM - (value - y_ticks[0]) / (y_ticks[-1] - y_ticks[0]) * (HEIGHT - TOP - BOTTOM)

    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
             f'aria-label="{escape(y_label)} over {escape(x_label)}">']
    for value in y_ticks:
        y = place_y(value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
                     f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    for value in x_ticks:
        x = place_x(value)
        parts.append(f'<line class="tick" x1="{x:.1f}" x2="{x:.1f}" y1="{HEIGHT - BOTTOM}" y2="{HEIGHT - BOTTOM + 4}"/>'
                     f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{value:g}</text>')
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{HEIGHT - BOTTOM}" y2="{HEIGHT - BOTTOM}"/>'
                 f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 4}" text-anchor="middle">{escape(x_label)}'
                 '</text>')
    parts.append(f'<text x="12" y="{(TOP + HEIGHT - BOTTOM) / 2}" text-anchor="middle" '
                 f'transform="rotate(-90 12 {(TOP + HEIGHT - BOTTOM) / 2})">{escape(y_label)}</text>')
    for (_, (xs, ys)), css in zip(series.items(), classes):
        points = ' '.join(f'{place_x(x):.1f},{place_y(y):.1f}' for x, y in zip(xs, ys))
        parts.append(f'<polyline class="{css}" points="{points}"/>')
        parts.extend(f'<circle class="{css}" cx="{place_x(x):.1f}" cy="{place_y(y):.1f}" r="2"><title>{x:g}: {y:.4g}'
                     '</title></circle>' for x, y in zip(xs, ys))
    parts.append('</svg>')
    legend = ''.join(f'<span class="key {css}">{escape(name)}</span>' for name, css in zip(series, classes))
    return f'<div class="legend">{legend}</div>' + ''.join(parts)

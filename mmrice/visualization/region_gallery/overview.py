"""The part of the gallery that needs no script: counts, sizes of clusters, quality, rejects, and how it was made."""
import json
from collections import Counter
from html import escape
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

import numpy as np

from mmrice.data_engine.clustering.report import size_report
from mmrice.utils import UserError

from .. import html
from ..svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, ticks
from .labels import Counts

_BINS = 24
_MOST_REASONS = 50


def overview_section(root: Path, meta: Dict[str, Any], kind: Optional[str], counts: Counts, word: str) -> str:
    """Large numbers, the histogram of cluster sizes, quality of the clustering, and rejects.

    Raises:
        UserError: clusters.json or rejects.jsonl is damaged.
    """
    cards = [(f'{meta["num_images"]:,}', 'images', f'{meta.get("images_without_regions", 0):,} without regions')]
    if kind:
        report = size_report(counts.sizes_K)
        cards += [(f'{int(counts.sizes_K.sum()):,}', f'{kind} regions', 'in clusters'),
                  (f'{len(counts.sizes_K):,}', 'clusters', f'effectively {report["effective_clusters"]:,.1f}, '
                                                           f'{report["empty"]:,} empty')]
    if len(counts.uses_V):
        cards += [(f'{meta["num_regions"].get("ocr", 0):,}', 'OCR regions', 'with text'),
                  (f'{int((counts.uses_V > 0).sum()):,}', f'{word}s in use', f'of {len(counts.uses_V):,}')]
    for name, what, more in (('caption', 'captions', 'of whole images'), ('text', 'phrases', 'of regions'),
                             ('image_tags', 'images', 'with tags'), ('tags', 'regions', 'with tags')):
        if meta['num_regions'].get(name):
            cards.append((f'{meta["num_regions"][name]:,}', what, more))
    parts = ['<div class="tiles numbers">' + ''.join(
        f'<div class="card"><div class="number">{number}</div><div>{what}</div><div class="soft">{more}</div></div>'
        for number, what, more in cards) + '</div><div class="tiles two"><div>']
    if kind:
        parts.append(f'<h3>Sizes of clusters</h3>{histogram(counts.sizes_K)}')
    parts.append(f'<h3>Left out</h3>{_rejects(Path(root), meta)}</div>')
    quality = _read_report(Path(root) / 'clusters.json')
    if kind and quality:
        rows = [(name.replace('_', ' '), _text(value)) for name, value in quality.items() if value != {}]
        parts.append('<div><h3>Clustering, as the build reported it</h3>' + html.table(['Measure', 'Value'], rows, 2)
                     + '</div>')
    return ''.join([*parts, '</div>'])


def provenance_section(meta: Dict[str, Any]) -> str:
    """The config of the build, folded up."""
    made = meta['made_by'] if isinstance(meta['made_by'], dict) else {'tool': meta['made_by']}
    text = json.dumps(made, indent=2, ensure_ascii=False)
    by = ' '.join(str(made[name]) for name in ('tool', 'mmrice') if name in made)
    return f'<p class="soft">{escape(by)}</p><details><summary>Config</summary><pre>{escape(text)}</pre></details>'


def histogram(sizes_K: np.ndarray) -> str:
    """How many clusters have which size, as an SVG; bins widen with the size where sizes differ much."""
    filled = sizes_K[sizes_K > 0]
    if not len(filled):
        return '<p>All clusters are empty.</p>'
    low, high = int(filled.min()), int(filled.max()) + 1
    spread = np.geomspace if high > 20 * low else np.linspace
    edges = np.unique(np.round(spread(low, high, min(_BINS, high - low) + 1)).astype(np.int64))
    bars = np.histogram(filled, edges)[0]
    y_ticks = [value for value in ticks(0, float(bars.max()), 5) if value == int(value)]
    step, top = (WIDTH - LEFT - RIGHT) / len(bars), y_ticks[-1]

    def place_y(value: float) -> float:
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="number of clusters over their '
             f'size, {low} to {high - 1} regions">']
    for value in y_ticks:
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{place_y(value):.1f}" '
                     f'y2="{place_y(value):.1f}"/><text x="{LEFT - 8}" y="{place_y(value) + 4:.1f}" '
                     f'text-anchor="end">{value:g}</text>')
    for number, count in enumerate(bars.tolist()):
        first, last = int(edges[number]), int(edges[number + 1]) - 1
        size = f'{first}' if first == last else f'{first} to {last}'
        parts.append(f'<rect class="bar" x="{LEFT + number * step + 1:.1f}" y="{place_y(count):.1f}" '
                     f'width="{max(step - 2, 1):.1f}" height="{HEIGHT - BOTTOM - place_y(count):.1f}"><title>{size} '
                     f'regions: {count} clusters</title></rect>')
        if number % max(1, round(len(bars) / 6)) == 0:
            parts.append(f'<text x="{LEFT + (number + 0.5) * step:.1f}" y="{HEIGHT - BOTTOM + 18}" '
                         f'text-anchor="middle">{first:,}</text>')
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{HEIGHT - BOTTOM}" y2="{HEIGHT - BOTTOM}"/>'
                 f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 4}" text-anchor="middle">regions in a cluster'
                 '</text></svg>')
    return ''.join(parts)


def _read_report(path: Path) -> Dict[str, Any]:
    try:
        report = json.loads(path.read_text(encoding='utf-8')) if path.is_file() else {}
    except ValueError as error:
        raise UserError(f'{path}: not valid JSON ({error}). Delete it and run the build again.') from error
    return report if isinstance(report, dict) else {'report': report}


def _text(value: Any) -> str:
    """A value of a report in a few words; the values of a dict from the lowest up, so quantiles in their order."""
    if isinstance(value, dict):
        parts = sorted(value.items(), key=lambda item: item[1] if isinstance(item[1], (int, float)) else 0)
        return ', '.join(f'{key}: {_text(part)}' for key, part in parts)
    if isinstance(value, float):
        return f'{value:,.4g}' if abs(value) < 1000 else f'{value:,.0f}'
    return f'{value:,}' if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _rejects(root: Path, meta: Dict[str, Any]) -> str:
    """What was left out, and why."""
    left_out = meta.get('left_out') if isinstance(meta.get('left_out'), dict) else {}
    rows = [(name.replace('_', ' '), f'{number:,}') for name, number in left_out.items()
            if isinstance(number, int) and number]
    reasons, examples = count_reasons(root / 'rejects.jsonl')
    parts = [html.table(['What', 'Number'], rows) if rows else '<p class="soft">Nothing.</p>']
    if reasons:
        cells = ''.join(f'<tr><td>{escape(reason)}<div class="soft">{escape(examples[reason])}</div></td>'
                        f'<td class="n">{count:,}</td></tr>' for reason, count in reasons.most_common())
        parts.append('<div class="scroll"><table><thead><tr><th>Images rejected, for example</th><th class="n">Number'
                     f'</th></tr></thead><tbody>{cells}</tbody></table></div>')
    return ''.join(parts)


def count_reasons(path: Path) -> Tuple[Counter, Dict[str, str]]:
    """Count the rejects of each kind, with one example; kinds beyond a limit are counted as 'other'.

    Raises:
        UserError: A line is no JSON object with a reason.
    """
    reasons: Counter = Counter()
    examples: Dict[str, str] = {}
    if not path.is_file():
        return reasons, examples
    with open(path, encoding='utf-8') as lines:
        for number, line in enumerate(lines, 1):
            try:
                reject = json.loads(line)
                text = str(reject['reason'])
            except (ValueError, KeyError, TypeError) as error:
                raise UserError(f'{path}: line {number} is no reject with a reason ({error!r}). Delete it and run the '
                                'build again.') from error
            reason = str(reject.get('kind') or text.partition(':')[0].strip())
            if reason not in reasons and len(reasons) >= _MOST_REASONS:
                reason = 'other'
            reasons[reason] += 1
            examples.setdefault(reason, f'{reject.get("file", "")}: {text}')
    return reasons, examples

"""The table: mean and standard deviation over seeds."""
import json
from pathlib import Path
from statistics import mean, stdev
from typing import List, Optional, Sequence

from .jobs import CONTENDERS

# heading -> folders of the tests that measure it, name there
COLUMNS = {
    'recognition, class mean': (('region-recognition', ), 'regions/mAcc'),
    'top-1': (('region-recognition', ), 'regions/accuracy/top1'),
    'region to text R@10': (('region-text', ), 'region_retrieval/r2t/Recall@10'),
    'text to region R@10': (('region-text', ), 'region_retrieval/t2r/Recall@10'),
    'image to text R@10': (('grounding', 'image-text'), 'image_retrieval/i2t/Recall@10'),
    'boxes, Acc@0.5': (('grounding', ), 'grounding/Acc@0.5'),
}


def read(folder: Path, tests: Sequence[str], metric: str) -> Optional[float]:
    """A metric of a run, in per cent; None where it was not measured."""
    for test in tests:
        path = folder / test / 'results.json'
        if path.is_file():
            value = json.loads(path.read_text(encoding='utf-8')).get(metric)
            if value is not None:
                return float(value)
    return None


def cell(values: Sequence[float]) -> str:
    """Mean and sample standard deviation: '12.3 ± 0.4', '12.3 (1 seed)', ''."""
    if not values:
        return ''
    return f'{mean(values):.1f} ± {stdev(values):.1f}' if len(values) > 1 else f'{values[0]:.1f} (1 seed)'


def markdown(out: Path, contenders: Sequence[str], seeds: Sequence[int]) -> str:
    """Rows of contenders, columns of metrics."""
    lines: List[str] = ['| | ' + ' | '.join(COLUMNS) + ' |', '|---' * (1 + len(COLUMNS)) + '|']
    for name in contenders:
        cells = []
        for tests, metric in COLUMNS.values():
            values = [read(out / name / f'seed{seed}', tests, metric) for seed in seeds]
            cells.append(cell([value for value in values if value is not None]))
        lines.append(f'| {CONTENDERS[name].title} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)

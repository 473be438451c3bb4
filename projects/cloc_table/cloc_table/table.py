"""The table: mean and standard deviation over seeds."""
import json
from pathlib import Path
from typing import List, Optional, Sequence

from mmrice.utils.results.text import mean_cell

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


def markdown(out: Path, contenders: Sequence[str], seeds: Sequence[int]) -> str:
    """Rows of contenders, columns of metrics."""
    lines: List[str] = ['| | ' + ' | '.join(COLUMNS) + ' |', '|---' * (1 + len(COLUMNS)) + '|']
    for name in contenders:
        cells = []
        for tests, metric in COLUMNS.values():
            values = [read(out / name / f'seed{seed}', tests, metric) for seed in seeds]
            cells.append(mean_cell([value for value in values if value is not None]))
        lines.append(f'| {CONTENDERS[name].title} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)

"""The tables and the plot: mean and standard deviation over seeds."""
import json
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from mmrice.utils.results.text import mean_cell

from .jobs import CONTENDERS, TUNINGS

# heading -> folder of what measures it, below or behind that of the seed; name there; factor to per cent
COLUMNS = {
    'tags mAP': ('/image-tags', 'multi-label/mAP', 1.),
    'boxes, class mean': ('/region-recognition', 'regions/mAcc', 1.),
    'image to text R@10': ('/image-text', 'image_retrieval/i2t/Recall@10', 1.),
    'region to text R@10': ('/region-text', 'region_retrieval/r2t/Recall@10', 1.),
    'by names mIoU': ('/text-seg', 'mIoU', 1.),
    'linear mIoU': ('-linear-frozen', 'mIoU', 1.),
    'panoptic PQ': ('-panoptic', 'coco_panoptic/PQ', 1.),
}


def read(out: Path, name: str, seed: int, place: str, metric: str, factor: float = 1.) -> Optional[float]:
    """A metric of a run in per cent; None where it was not measured."""
    path = out / name / f'seed{seed}{place}' / 'results.json'
    if not path.is_file():
        return None
    value = json.loads(path.read_text(encoding='utf-8')).get(metric)
    return None if value is None else factor * float(value)


def read_all(out: Path, name: str, seeds: Sequence[int], column: Tuple[str, str, float]) -> List[float]:
    """What was measured of a contender."""
    values = [read(out, name, seed, *column) for seed in seeds]
    return [value for value in values if value is not None]


def levels(out: Path, contenders: Sequence[str], seeds: Sequence[int]) -> str:
    """Rows of contenders, columns of metrics."""
    lines = ['| | ' + ' | '.join(COLUMNS) + ' |', '|---' * (1 + len(COLUMNS)) + '|']
    for name in contenders:
        cells = [mean_cell(read_all(out, name, seeds, column)) for column in COLUMNS.values()]
        lines.append(f'| {CONTENDERS[name].title} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)


def shares(config: Path) -> Dict[str, float]:
    """Trained share of the encoder's parameters in each tuning, per cent."""
    import mmrice.models  # noqa: F401
    from mmrice.apis.config import load_config
    from mmrice.registry import MODELS
    backbone = load_config(str(config), {}).model.backbone.to_dict()
    plain = {**backbone['backbone'], 'init_cfg': None}
    found = {'frozen': 0., 'full': 100.}
    for tuning in TUNINGS[1:-1]:
        model = MODELS.build({**backbone, 'backbone': plain, 'tunings': [dict(type=f'mmrice.{tuning}')]})
        own = sum(parameter.numel() for parameter in model.tunings.parameters())
        found[tuning] = 100 * own / sum(parameter.numel() for parameter in model.backbone.parameters())
    return found


def tunings(out: Path, seeds: Sequence[int], trained: Dict[str, float]) -> str:
    """Rows of tunings."""
    lines = ['| encoder | trained share of it | linear mIoU |', '|---|---|---|']
    for tuning in TUNINGS:
        values = read_all(out, 'all', seeds, (f'-linear-{tuning}', 'mIoU', 1.))
        lines.append(f'| {tuning} | {trained[tuning]:.3g} % | {mean_cell(values)} |')
    return '\n'.join(lines)


def plot(out: Path, seeds: Sequence[int], trained: Dict[str, float], path: Path) -> None:
    """Draw the metric over the trained share, with one standard deviation."""
    import matplotlib
    matplotlib.use('Agg')
    import numpy as np
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(figsize=(6, 3.6), layout='constrained')
    for tuning in TUNINGS:
        values = read_all(out, 'all', seeds, (f'-linear-{tuning}', 'mIoU', 1.))
        if values:
            spread = np.std(values, ddof=1) if len(values) > 1 else 0.
            axes.errorbar(trained[tuning], np.mean(values), yerr=spread, fmt='o', capsize=3)
            axes.annotate(tuning, (trained[tuning], np.mean(values)), xytext=(5, 4), textcoords='offset points',
                          fontsize=8)
    axes.set_xscale('symlog', linthresh=0.5)
    axes.set_xticks([0, 1, 3, 10, 30, 100], ['0', '1', '3', '10', '30', '100'])
    axes.set(xlabel='trained share of the encoder, %', ylabel='linear segmentation, mIoU', xlim=(-0.1, 220))
    axes.grid(alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)

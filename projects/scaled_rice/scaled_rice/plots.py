"""Plots of the tables."""
from pathlib import Path
from statistics import mean, stdev
from typing import Dict, List, Sequence, Tuple

from mmrice.utils import atomic_path

Bars = Dict[str, List[float]]  # contender -> values of its seeds


def plot_contenders(path: Path, panels: Dict[str, Bars]) -> None:
    """Bars of contenders, a panel a measure, with the values of single seeds as dots.

    Args:
        path: A .png; its folder is created.
        panels: Title -> bars.
    """
    plt = _pyplot()
    figure, axes = plt.subplots(1, len(panels), figsize=(3.2 * len(panels), 3.4), sharey=True, squeeze=False)
    for axis, (title, bars) in zip(axes[0], panels.items()):
        for place, values in enumerate(bars.values()):
            if values:
                axis.barh(place, mean(values), color='tab:blue' if place else 'tab:gray', alpha=0.6)
                axis.plot(values, [place] * len(values), 'k.', markersize=4)
        axis.set_yticks(range(len(bars)), list(bars))
        axis.set_title(title, fontsize=9)
        axis.tick_params(labelsize=8)
    axes[0][0].invert_yaxis()  # the axes share it
    _save(figure, path)


def plot_sweeps(path: Path, panels: Dict[str, Dict[str, Sequence[Tuple[str, List[float]]]]]) -> None:
    """Curves over the values of settings, a panel a setting.

    Args:
        path: A .png; its folder is created.
        panels: Title of a setting -> {title of a measure: [(value, numbers of its seeds), ...]}.
    """
    plt = _pyplot()
    figure, axes = plt.subplots(1, len(panels), figsize=(3.2 * len(panels), 3.2), squeeze=False)
    for axis, (title, curves) in zip(axes[0], panels.items()):
        for name, points in curves.items():
            known = [(value, numbers) for value, numbers in points if numbers]
            spread = [stdev(numbers) if len(numbers) > 1 else 0. for _, numbers in known]
            axis.errorbar([value for value, _ in known], [mean(numbers) for _, numbers in known], spread, marker='o',
                          markersize=3, capsize=2, label=name)
        axis.set_title(title, fontsize=9)
        axis.tick_params(labelsize=8)
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc='lower center', ncol=4, fontsize=8)
    _save(figure, path, bottom=0.09)


def _pyplot():
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot
    return pyplot


def _save(figure, path: Path, bottom: float = 0.) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout(rect=(0, bottom, 1, 1))
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=100, format='png', metadata={'Software': None})
    _pyplot().close(figure)

"""report.html of the demo: what was measured, and pictures to judge it by."""
import json
from html import escape
from pathlib import Path
from typing import Any, Dict, Union

from mmrice.utils import UserError

from . import html
from .demo_pictures import (
    RUNS,
    clusters_section,
    detections_section,
    features_section,
    regions_section,
    segmentations_section,
)
from .demo_results import METRICS, NOTE, TITLES, result_rows
from .live_progress import clock
from .predictions import run_on_examples, saved_config
from .scalars import read_curves
from .shards import RegionShards
from .svg import line_chart


def build_report(demo_dir: Union[str, Path]) -> str:
    """The whole page.

    Args:
        demo_dir: What tools/demo.py wrote: ``results.json`` and the folders of the runs.

    Returns:
        str: HTML that needs no other file.

    Raises:
        UserError: The demo has not been run to its end, or its runs or data are gone.
    """
    demo_dir = Path(demo_dir)
    path = demo_dir / 'results.json'
    if not path.is_file():
        raise UserError(f'{path}: no such file. Run the demo to its end first: python tools/demo.py')
    results = json.loads(path.read_text(encoding='utf-8'))
    pretraining = saved_config(demo_dir / 'pretrain')
    shards = RegionShards(_innermost(pretraining.train_dataloader.dataset).data_root)
    detections = {kind: run_on_examples(demo_dir / f'detection_{kind}', 3) for _, kind in RUNS}
    segmentations = {kind: run_on_examples(demo_dir / f'segmentation_{kind}', 4) for _, kind in RUNS}
    images = [example.image for example in segmentations['rice'][0][:2] + detections['rice'][0][:2]]
    sections = [
        ('results', 'Results', results_section(results)),
        ('commands', 'What was run', commands_section(results)),
        ('curves', 'Loss curves', curves_section(demo_dir)),
        ('detections', 'Detections beside ground truth', detections_section(detections)),
        ('segmentations', 'Segmentations beside ground truth', segmentations_section(segmentations)),
        ('features', 'Patch features', features_section(demo_dir, pretraining, images)),
        ('regions', 'Regions that RICE learns from', regions_section(shards)),
        ('clusters', 'Clusters', clusters_section(shards)),
    ]
    env = results['env']
    lead = (f'<p>One backbone, pretrained on regions of the mini data, then carried to detection and segmentation.</p>'
            f'<p class="soft">{escape(env["cpu"])}, {env["cores"]} cores; Python {escape(env["python"])}, torch '
            f'{escape(env["versions"].get("torch", "?"))}, mmrice {escape(env["versions"]["mmrice"])}</p>')
    return html.page('mmrice demo', lead, sections)


def _innermost(dataset: Any) -> Any:
    """The config of a dataset without its wrappers."""
    while 'dataset' in dataset:
        dataset = dataset.dataset
    return dataset


def results_section(results: Dict[str, Any]) -> str:
    """Two large numbers and the table."""
    cards = []
    for task, (_, names) in METRICS.items():
        rice, random = results[task][names[0]], results[task][f'{names[0]}_random_init']
        if rice is not None and random is not None:
            cards.append(f'<div class="card"><div class="soft">{TITLES[task]}: {names[0]}</div><div class="number">'
                         f'{rice:.1f}</div><div class="soft">{random:.1f} from random init ({rice - random:+.1f})'
                         '</div></div>')
    rows = result_rows(results)
    strong = [number for number, row in enumerate(rows) if row[1] in [names[0] for _, names in METRICS.values()]]
    last = results['pretraining']
    pretraining = ', '.join(f'{name} {value:.3g}' for prefix in ('loss', 'accuracy') for name, value in last.items()
                            if name.startswith(prefix))
    return (f'<div class="tiles two">{"".join(cards)}</div><p>{escape(NOTE)}</p>'
            + html.table(['Task', 'Metric', 'From RICE', 'Random init', 'Difference'], rows, 2, strong)
            + f'<p class="soft">Pretraining after {last["iter"]} iterations: {escape(pretraining)}.</p>')


def commands_section(results: Dict[str, Any]) -> str:
    """Every command, as it can be pasted, and how long each took."""
    seconds = results['seconds']
    items = ''.join(f'<dt><b>{name}</b><span class="soft">{value:.0f} s</span></dt>'
                    f'<dd><code>{escape(command)}</code></dd>'
                    for (name, value), command in zip(seconds.items(), results['commands']))
    versions = ', '.join(f'{name} {version}' for name, version in results['env']['versions'].items())
    return (f'<details><summary>{len(seconds)} commands, {clock(sum(seconds.values()))} min in all</summary>'
            f'<dl class="commands">{items}</dl></details>'
            f'<p class="soft">{escape(results["env"]["platform"])}; {escape(versions)}</p>')


def curves_section(demo_dir: Path) -> str:
    """Losses of pretraining and, from both initialisations, of the tasks."""
    pretraining = read_curves(demo_dir / 'pretrain')
    names = {'object': 'object clusters', 'ocr': 'OCR words'}
    charts = []
    for prefix, title, axis in (('loss', 'Pretraining: loss', 'loss'),
                                ('accuracy', 'Pretraining: regions told apart from all negatives', '% of regions')):
        series = {names[kind]: pretraining[f'{prefix}_{kind}'] for kind in names if f'{prefix}_{kind}' in pretraining}
        if series:
            charts.append((title, line_chart(series, 'iteration', axis)))
    for task in METRICS:
        curves = {name: read_curves(demo_dir / f'{task}_{kind}')['loss'] for name, kind in RUNS}
        charts.append((f'{TITLES[task]}: training loss', line_chart(curves, 'iteration', 'loss')))
    return '<div class="tiles two">' + ''.join(
        f'<div class="card"><h3>{escape(title)}</h3>{chart}</div>'
        for title, chart in charts) + '</div>'

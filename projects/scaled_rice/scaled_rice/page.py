"""The page of results: verdicts, tables, plots, commands; made of files of results alone."""
import os
from pathlib import Path
from typing import Any, Dict, List, Sequence

from mmrice.utils import atomic_write
from mmrice.utils.job_pool import Job

from . import tables
from .claims import Runs
from .contenders import CONTENDERS, sweeps
from .measures import MEASURES, SWEPT, TABLES
from .plots import plot_contenders, plot_sweeps

TITLES = {
    'unseen': 'New scenes of things and words that pretraining and probes have not seen',
    'seen': 'New scenes of things and words that they have seen',
    'trees': 'Real aerial photos',
}
PLOTTED = ('segmentation-unseen', 'segmentation-seen', 'detection-unseen', 'recognition-unseen', 'recognition-trees')
NOTES = '## What was found on the way'
OPENING = """
All contenders pretrain the same encoder on as many of the same images, *synthetic compositions of real pixels*, with
the same optimizer, schedule, batch and number of steps, each with the best of the learning rates that were tried.
Encoders are then frozen. For all alike, a region is the mean of its patch tokens, and a cut-out thing is its class
token.

- Images are the same for all, what is learned from them is not: RICE and MLCD have clusters of handcrafted features
  and what OCR reads, no true label; CLIP, CLOC and UMG-CLIP are given true texts; the oracle is RICE with true
  boxes, names and words.
- MLCD and RICE see random crops, and flips where an image has no words; nearly all have some, which RICE with objects
  only does not look at. Images with texts are whole and never flipped, since phrases say where things are.
- RICE has scale 15, no margin, all classes as negatives and a tenth of the OCR loss where the paper has 64, 0.3, a
  tenth of a million classes and the whole loss. That was found with validation scenes; MLCD has the same scale, margin
  and negatives. Contrast of texts is within a batch.
- Unseen things and backgrounds are other pieces than those of pretraining, some of them of the same photos.
- Detection is a light one-stage probe, not the paper's Cascade Mask R-CNN.
"""


def write_page(path: Path, runs: Runs, contenders: Sequence[str], jobs: Dict[str, Job], about: Dict[str, Any]) -> None:
    """Write the page, and its plots into ``images`` beside it.

    Args:
        path: The Markdown file. What people wrote under :data:`NOTES` in one that is there stays; all else is replaced.
        runs: Where results are.
        contenders: Rows of the tables.
        jobs: All jobs, for their commands and seconds.
        about: What stands beside every number: seeds, commit, machine, time.
    """
    beside = f'{"; ".join(f"{key} {value}" for key, value in about.items())}; [commands](#commands).'
    lines = ['# The claims of RICE at a small scale', '', '```',
             f'python projects/scaled_rice/run.py --budget {runs.budget}', '```', OPENING,
             '## Verdicts', '', *tables.verdict_lines(runs), '', *_notes(path)]
    for split, table in TABLES.items():
        lines += [f'## {TITLES[split]}', '', *tables.contender_table(runs, contenders, table), '',
                  f'Per cent; mean and sample standard deviation. {beside}', '']
    lines += [f'![Contenders]({_plot_main(path, runs, contenders)})', '']
    if runs.sweep_seeds:
        lines += ['## One setting changed', '', *tables.sweep_table(runs), '',
                  'RICE with a third of the iterations, shares of the negatives with `mmrice.SparseAdamW`; seeds here: '
                  f'{", ".join(map(str, runs.sweep_seeds))}. {beside}', '',
                  f'![Sweeps]({_plot_sweeps(path, runs)})', '']
    lines += ['## Learning rates', '', *tables.rate_table(runs.out, contenders), '',
              'kNN of regions, class mean, on validation scenes that no other table has; a third of the iterations, '
              f'seed 0 here. {beside}', '', '## Commands', '',
              f'Each with `SCALED_RICE={runs.budget}` in the environment.', '',
              *tables.command_lines(runs.out, jobs), '']
    with atomic_write(path, encoding='utf-8') as stream:
        stream.write('\n'.join(lines))


def _notes(path: Path) -> List[str]:
    _, heading, rest = (path.read_text(encoding='utf-8') if path.is_file() else '').partition(f'{NOTES}\n')
    return [heading + rest.partition('\n## ')[0].rstrip() + '\n'] if heading else []


def _plot_main(path: Path, runs: Runs, contenders: Sequence[str]) -> str:
    panels = {}
    for name in PLOTTED:
        title = f'{MEASURES[name].title}\n{name.rpartition("-")[2]}'
        panels[title] = {CONTENDERS[contender].title: runs.main(contender, name) for contender in contenders}
    target = path.parent / 'images' / f'{path.stem}_contenders.png'
    plot_contenders(target, panels)
    return os.path.relpath(target, path.parent)


def _plot_sweeps(path: Path, runs: Runs) -> str:
    panels = {sweep.title: {f'{MEASURES[measure].title}, {measure.rpartition("-")[2]}':
                            [(value, runs.swept(name, value, measure)) for value in sweep.values] for measure in SWEPT}
              for name, sweep in sweeps(runs.budget).items()}
    target = path.parent / 'images' / f'{path.stem}_sweeps.png'
    plot_sweeps(target, panels)
    return os.path.relpath(target, path.parent)

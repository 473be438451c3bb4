#!/usr/bin/env python
"""Pretrain RICE on the mini data and carry it to detection and segmentation, with the ordinary tools and configs.

Every command is printed as it can be pasted. Their output goes to WORK_DIR/logs; the numbers go to
WORK_DIR/results.json and the pictures to WORK_DIR/report.html.

Example:
    python tools/demo.py
"""
import argparse
import difflib
import json
import os
import time
from pathlib import Path
from typing import List, Optional

import mmrice  # noqa: F401  (registers scopes and stand-ins before configs are read)
from mmrice.utils import UserError, atomic_write, run_cli
from mmrice.utils.config_scope import config_root
from mmrice.visualization.demo_results import NOTE, environment, gather, result_rows
from mmrice.visualization.live_progress import clock
from mmrice.visualization.steps import Step, Steps

TOOLS = Path(__file__).parent
DATA = Path('data/mini')
DATA_ENGINE, PRETRAIN = 'data_engine/mini.py', 'quick/rice_vit-tiny_mini.py'
TASKS = {
    'detection': 'quick/faster-rcnn_rice-vit-tiny_mini-trees.py',
    'segmentation': 'quick/upernet_rice-vit-tiny_mini-scenes.py',
}
# Seconds on two cores, for the first ETA.
SECONDS = dict(mini_data=25, regions=90, pretrain=115, detection=75, segmentation=50, test=13, report=20)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/demo'),
                        help='folder of runs, logs and results (default: work_dirs/demo)')
    parser.add_argument('--resume', '--skip-existing', action='store_true',
                        help='leave out steps that are complete for the present commands and configs')
    parser.add_argument('--steps', nargs='+', metavar='STEP', help='only these steps (--list shows all)')
    parser.add_argument('--list', action='store_true', help='show the steps and their commands, run nothing')
    parser.add_argument('--max-iters', type=int, metavar='N',
                        help='iterations of each training, to try the machinery (default: those of the configs)')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    return parser.parse_args()


def near(path: Path) -> str:
    """A path as one would type it here: relative where that is shorter."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith('..') else relative


def make_step(name: str, title: str, command: List[str], outputs: List[Path], needs: List[str], kind: str,
              config: Optional[str] = None) -> Step:
    """A step that runs one of our tools; ``config`` is a path inside configs/ and becomes its first argument."""
    from mmengine import Config
    tool, *arguments = command
    settings = ''
    if config is not None:
        path = config_root() / 'configs' / config
        settings = json.dumps(Config.fromfile(path).to_dict(), sort_keys=True, default=str)
        arguments = [near(path), *arguments]
    full = ('python', near(TOOLS / tool), *arguments)
    return Step(name, title, full, tuple(outputs), tuple(needs), settings, SECONDS[kind])


def make_steps(work_dir: Path, max_iters: Optional[int] = None) -> List[Step]:
    """All steps of the demo but the report."""
    pretrained = work_dir / 'pretrain' / 'latest.pth'
    short = [] if max_iters is None else [
        f'train_cfg.max_iters={max_iters}', f'default_hooks.checkpoint.interval={max_iters}',
        'default_hooks.logger.interval=1']
    steps = [
        make_step('mini_data', 'Mini data', ['dataset_converters/prepare_mini.py'],
                  [DATA / 'photos', DATA / 'trees', DATA / 'scenes'], [], 'mini_data'),
        make_step('regions', 'Regions: propose, read, embed, cluster, label', ['build_region_data.py'],
                  [DATA / 'regions' / 'meta.json'], ['mini_data'], 'regions', DATA_ENGINE),
        make_step('pretrain', 'Pretrain RICE',
                  ['train.py', '--work-dir', str(work_dir / 'pretrain'), *(['--cfg-options', *short] if short else [])],
                  [pretrained], ['regions'], 'pretrain', PRETRAIN),
    ]
    for task, config in TASKS.items():
        length = [*short, f'train_cfg.val_interval={max_iters}'] if short else []
        for kind, words in (('rice', 'from RICE weights'), ('random', 'from random init')):
            name, folder = f'{task}_{kind}', work_dir / f'{task}_{kind}'
            weights = f'checkpoint={pretrained}' if kind == 'rice' else 'None'
            option = 'model.backbone.init_cfg' + ('.' if kind == 'rice' else '=') + weights
            checkpoint = folder / 'latest.pth'
            steps.append(make_step(
                name, f'{task.capitalize()} {words}',
                ['train.py', '--work-dir', str(folder), '--no-validate', '--cfg-options', option, *length],
                [checkpoint], ['pretrain' if kind == 'rice' else 'mini_data'], task, config))
            steps.append(make_step(
                f'{name}_test', f'{task.capitalize()} {words}: test',
                ['test.py', str(checkpoint), '--work-dir', str(folder / 'test'), '--out', str(folder / 'metrics.json')],
                [folder / 'metrics.json'], [name], 'test', config))
    return steps


def report_step(work_dir: Path) -> Step:
    """The step that writes report.html."""
    return make_step('report', 'Report', ['analysis_tools/report.py', str(work_dir)], [work_dir / 'report.html'], [],
                     'report')


def choose(names: Optional[List[str]], known: List[str]) -> List[str]:
    """Check ``--steps``.

    Raises:
        UserError: A name is unknown; the nearest is suggested.
    """
    for name in names or ():
        if name not in known:
            like = difflib.get_close_matches(name, known, n=1)
            raise UserError(f'--steps: unknown step {name!r}. '
                            + (f'Did you mean {like[0]}?' if like else f'Expected some of {" ".join(known)}.'))
    return known if names is None else names


def write_results(work_dir: Path, steps: Steps) -> dict:
    """Gather the numbers into results.json."""
    measured = [name for name in steps.steps if steps.seconds(name) is not None and name != 'report']
    results = {
        **gather(work_dir), 'unit': 'percent', 'note': NOTE,
        'seconds': {name: steps.seconds(name) for name in measured},
        'commands': [steps.steps[name].text for name in measured], 'env': environment()}
    with atomic_write(work_dir / 'results.json', encoding='utf-8') as stream:
        stream.write(json.dumps(results, indent=2) + '\n')
    return results


def main() -> None:
    """Run the steps, print the table, write the report."""
    args = parse_args()
    if args.max_iters is not None and args.max_iters < 1:
        raise UserError(f'--max-iters {args.max_iters}: expected 1 or more.')
    work_dir = args.work_dir
    begin = time.monotonic()
    all_steps = [*make_steps(work_dir, args.max_iters), report_step(work_dir)]
    if args.list:
        for step in all_steps:
            print(f'{step.name}\n  $ {step.text}')
        return
    steps = Steps(all_steps, work_dir)
    chosen = choose(args.steps, list(steps.steps))
    print(f'mmrice demo in {work_dir}: {len(chosen)} steps with the ordinary tools and configs; what they print goes '
          f'to {work_dir / "logs"}', flush=True)
    done = steps.run([name for name in chosen if name != 'report'], args.resume)
    lacking = [name for name in steps.steps if name != 'report' and not steps.is_complete(name)]
    if lacking:
        text = f'no table and no report yet, because these steps are missing or out of date: {" ".join(lacking)}'
        if 'report' in chosen:
            raise UserError(f'{text}. Run them with --resume.')
        print(f'\n{text}')
        return
    from terminaltables import AsciiTable
    results = write_results(work_dir, steps)
    table = AsciiTable([['Task', 'Metric', 'From RICE', 'Random init', 'Difference'], *result_rows(results)])
    table.justify_columns = {2: 'right', 3: 'right', 4: 'right'}
    print(f'\n{table.table}\n{NOTE}\n', flush=True)
    if 'report' in chosen:
        steps.run(['report'], args.resume and not done)
    print(f'\nresults: {work_dir / "results.json"}'
          + (f'\nreport: {work_dir / "report.html"}' if 'report' in chosen else '')
          + f'\nThe demo took {clock(time.monotonic() - begin)}.')


if __name__ == '__main__':
    run_cli(main)

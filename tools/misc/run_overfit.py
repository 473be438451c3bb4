#!/usr/bin/env python
"""Overfit each head on four mini-scenes, measure it on them, and fail if one stays below its bar.

Targets, losses and metrics that do not fit together cannot pass. Takes some half an hour on one CPU core.

Example:
    python tools/misc/run_overfit.py
"""
import argparse
import json
from pathlib import Path
from typing import Dict, List, Tuple

import mmrice  # noqa: F401  (registers scopes and stand-ins before configs are read)
from mmrice.utils import UserError, run_cli
from mmrice.utils.config_scope import config_root

TOOLS = Path(__file__).resolve().parents[1]
BOXES, MASKS = {'coco/bbox_mAP_50': 0.8}, {'coco/segm_mAP_50': 0.8}
# Config in configs/quick -> metric -> what it must exceed.
BARS: Dict[str, Dict[str, float]] = {
    'upernet_rice-vit-tiny_mini-scenes-overfit': {'mIoU': 90.},
    'linear_rice-vit-tiny_mini-scenes-overfit': {'mIoU': 90.},
    'mask-rcnn_rice-vit-tiny_mini-scenes-overfit': {**BOXES, **MASKS},
    'mask-rcnn_rice-vit-tiny-pool_mini-scenes-overfit': {**BOXES, **MASKS},
    'cascade-mask-rcnn_rice-vit-tiny-pool_mini-scenes-overfit': {**BOXES, **MASKS},
    'dino_rice-vit-tiny_mini-scenes-overfit': BOXES,
    'mask2former_rice-vit-tiny_mini-scenes': {'coco_panoptic/PQ': 70.},
    'referring_rice-vit-tiny_mini-scenes': {'cIoU': 80., 'mIoU': 80.},
}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/overfit'),
                        help='folder of runs and logs (default: work_dirs/overfit)')
    parser.add_argument('--only', nargs='+', choices=list(BARS), default=list(BARS), metavar='CONFIG',
                        help=f'some of {" ".join(BARS)} (default: all)')
    parser.add_argument('--resume', action='store_true', help='leave out what is complete')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    return parser.parse_args()


def make_steps(names: List[str], work_dir: Path) -> list:
    """Training and testing of each config."""
    from mmengine import Config

    from mmrice.visualization.steps import Step
    steps = []
    for name in names:
        config, folder = config_root() / 'configs' / 'quick' / f'{name}.py', work_dir / name
        settings = json.dumps(Config.fromfile(config).to_dict(), sort_keys=True, default=str)
        train = ('python', str(TOOLS / 'train.py'), str(config), '--work-dir', str(folder), '--no-validate')
        steps.append(Step(f'{name}_train', f'Train {name}', train, (folder / 'latest.pth', ), (), settings, 120.))
        test = ('python', str(TOOLS / 'test.py'), str(config), str(folder / 'latest.pth'), '--work-dir',
                str(folder / 'test'), '--out', str(folder / 'results.json'))
        steps.append(Step(name, f'Test {name}', test, (folder / 'results.json', ), (f'{name}_train', ), settings, 15.))
    return steps


def compare(found: Dict[str, float], bars: Dict[str, float]) -> List[Tuple[str, float, float, bool]]:
    """(metric, value, bar, whether it is above) of each bar; a metric that is not there is not above."""
    nothing = float('nan')
    return [(metric, found.get(metric, nothing), bar, found.get(metric, nothing) > bar) for metric, bar in bars.items()]


def main() -> None:
    """Run and compare."""
    args = parse_args()
    from mmrice.visualization.steps import Steps
    steps = Steps(make_steps(args.only, args.work_dir), args.work_dir)
    steps.run(list(steps.steps), args.resume)
    missed = []
    for name in args.only:
        found = json.loads((args.work_dir / name / 'results.json').read_text(encoding='utf-8'))
        for metric, value, bar, above in compare(found, BARS[name]):
            print(f'{name:<58}{metric:<20}{value:8.3f}  bar {bar:g}{"" if above else "  MISSED"}')
            missed += [] if above else [name]
    if missed:
        raise UserError(f'below the bar: {" ".join(dict.fromkeys(missed))}. Logs are in {args.work_dir / "logs"}.')
    print(f'results: {args.work_dir}')


if __name__ == '__main__':
    run_cli(main)

#!/usr/bin/env python
"""Train and test a detection config on every sub-dataset of Roboflow100(-VL), then average over domains.

ROOT has a folder a sub-dataset, each with train, valid and test in Roboflow's COCO export. A sub-dataset that has its
results.json is not run again, and one that was interrupted goes on from its latest checkpoint: start the same command
again at any moment.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Dict, Optional

import mmrice  # noqa: F401  (before a host)
from mmrice.utils import UserError, atomic_write, run_cli

TOOLS = Path(__file__).resolve().parents[1]
METRIC = 'coco/bbox_mAP'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    from mmengine.config import DictAction
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='Example:\n  python tools/misc/run_rf100vl.py data/rf100vl configs/detection/'
               'cascade-rcnn_frozen-rice-vit-base-p16_8xb2-1x_rf100vl-512px.py')
    parser.add_argument('root', type=Path, help='folder of the sub-datasets')
    parser.add_argument('config', type=Path, help='detection config; paths, classes and num_classes are filled in')
    parser.add_argument('--work-dir', type=Path, help='(default: work_dirs/<config name>)')
    parser.add_argument('--only', nargs='+', metavar='NAME', help='these sub-datasets (default: all)')
    parser.add_argument('--domains', type=Path, metavar='FILE', help='JSON, {sub-dataset: domain} (default: those of '
                        'Roboflow100, which are the columns of the RICE paper)')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, metavar='KEY=VALUE',
                        help='change the config, for every sub-dataset')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    return parser.parse_args()


def call(tool: str, *arguments: str) -> None:
    """Run a tool; its failure is ours."""
    status = subprocess.run([sys.executable, str(TOOLS / tool), *arguments]).returncode
    if status:
        raise UserError(f'tools/{tool} {arguments[0]}: ended with status {status}. Mend it and start the same command '
                        'again; what is finished is kept.')


def run_one(name: str, args: argparse.Namespace, work_dir: Path) -> None:
    """Train and test on a sub-dataset; its config and annotations are written into ``work_dir``."""
    from mmrice.apis.config import load_config
    from mmrice.datasets.rf100vl import point_to
    from mmrice.engine.checkpoint_io import find_latest
    cfg = point_to(load_config(str(args.config), args.cfg_options), args.root / name, work_dir / 'annotations')
    with atomic_write(work_dir / 'config.py') as stream:
        stream.write(cfg.pretty_text)
    config, run = str(work_dir / 'config.py'), work_dir / 'run'
    resume = ['--resume'] if find_latest(run) else []
    call('train.py', config, '--work-dir', str(run), *resume)
    call('test.py', config, str(find_latest(run)), '--work-dir', str(work_dir / 'test'), '--out',
         str(work_dir / 'results.json'))


def read_ap(path: Path) -> Optional[float]:
    """Box AP of a sub-dataset, per cent; None where its test split has no box.

    Raises:
        UserError: The file holds none.
    """
    try:
        content = json.loads(path.read_text())
        value = float(content.get('metrics', content)[METRIC])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f'{path}: no {METRIC} ({error!r}); delete the file to test again.') from error
    return None if value < 0 else 100 * value


def read_domains(path: Path) -> Dict[str, str]:
    """{sub-dataset: domain} of a file.

    Raises:
        UserError: It is no such JSON.
    """
    try:
        domains = json.loads(path.read_text())
    except ValueError as error:
        raise UserError(f'{path}: no JSON ({error}).') from error
    if not isinstance(domains, dict) or not all(isinstance(value, str) for value in domains.values()):
        raise UserError(f'{path}: expected {{"sub-dataset": "domain", ...}}.')
    return domains


def table(values: Dict[str, float], domain_of: Dict[str, str]) -> str:
    """Markdown: AP of sub-datasets, of domains, and the two means."""
    from mmrice.evaluation.rf100_domains import averages
    domains, means = averages(values, domain_of)
    lines = ['| sub-dataset | domain | box AP |', '|-|-|-|']
    lines += [f'| {name} | {domain_of.get(name, "unknown")} | {value:.1f} |' for name, value in sorted(values.items())]
    lines += ['', '| domain | box AP |', '|-|-|'] + [f'| {name} | {value:.1f} |' for name, value in domains.items()]
    lines += [f'| mean of {name} | {value:.1f} |' for name, value in means.items()]
    return '\n'.join(lines) + '\n'


def main() -> None:
    """Run what is not finished, and write the table."""
    args = parse_args()
    from mmrice.datasets.rf100vl import sub_datasets
    from mmrice.evaluation.rf100_domains import DOMAIN_OF
    names, domain_of = sub_datasets(args.root), read_domains(args.domains) if args.domains else DOMAIN_OF
    unknown = set(args.only or ()) - set(names)
    if unknown:
        raise UserError(f'--only: {args.root} has no {", ".join(sorted(unknown))}; it has {", ".join(names)}.')
    work_dir = args.work_dir or Path('work_dirs') / args.config.stem
    values = {}
    for place, name in enumerate(args.only or names):
        results = work_dir / name / 'results.json'
        print(f'{place + 1} of {len(args.only or names)}: {name}{", finished before" if results.is_file() else ""}')
        if not results.is_file():
            run_one(name, args, work_dir / name)
        value = read_ap(results)
        if value is None:
            print(f'{name}: its test split has no box, so it counts in no mean.')
        else:
            values[name] = value
    text = table(values, domain_of)
    with atomic_write(work_dir / 'rf100vl.md') as stream:
        stream.write(text)
    strangers = [name for name in values if name not in domain_of]
    if strangers:
        print(f'no domain is known of {", ".join(strangers)}: give --domains FILE.')
    print(f'{text}table: {work_dir / "rf100vl.md"}')


if __name__ == '__main__':
    run_cli(main)

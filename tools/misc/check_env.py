"""Print what is installed, what fits, and the command that mends the rest.

Exit status 0 when everything that is needed fits, 1 otherwise.
"""
import argparse
import json
import sys
from pathlib import Path
from typing import Dict, List

from mmrice.compat.environment import Row, report
from mmrice.utils import atomic_write, run_cli

_MARKS = {'ok': 'ok', 'note': '--', 'bad': '!!'}


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='Example:\n  python tools/misc/check_env.py\n'
               '  python tools/misc/check_env.py --need mmdet faiss --json work_dirs/env.json')
    parser.add_argument('--need', nargs='+', default=[], metavar='MODULE',
                        help='modules that count as needed too (e.g. mmdet mmseg mmpretrain faiss rapidocr)')
    parser.add_argument('--json', type=Path, metavar='PATH', help='write the table as JSON, too')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    return parser.parse_args()


def tested_versions() -> Dict[str, str]:
    """Versions pinned in the requirements beside this tool, {distribution: version}; empty in an installed package."""
    folder = Path(__file__).resolve().parents[2] / 'requirements'
    pins = {}
    for path in (folder / 'constraints.txt', folder / 'mminstall.txt'):
        lines = path.read_text(encoding='utf-8').splitlines() if path.is_file() else []
        pins.update(line.split(';')[0].strip().split('==') for line in lines if '==' in line.split('#')[0])
    return pins


def show(rows: List[Row]) -> None:
    """Print the table, then what to do."""
    width = max(len(row.name) for row in rows)
    found_width = max(len(row.found) for row in rows)
    for row in rows:
        print(f'{_MARKS[row.state]}  {row.name:<{width}}  {row.found:<{found_width}}  {row.remark}'.rstrip())
    advice = [row for row in rows if row.cure]
    if advice:
        print('\nTo do (!! is needed, -- only for what the table says):')
        for row in advice:
            print(f'{_MARKS[row.state]}  {row.name}: {row.cure}')


def main() -> int:
    """Run the checks; returns the exit status."""
    args = parse_args()
    rows = report(args.need, tested_versions())
    show(rows)
    bad = [row.name for row in rows if row.state == 'bad']
    if args.json is not None:
        with atomic_write(args.json) as stream:
            json.dump({'fits': not bad, 'rows': [row._asdict() for row in rows],
                       'command': ' '.join(['python', *sys.argv])}, stream, indent=2)
    print(f'\n{"Needs attention: " + ", ".join(bad) + "." if bad else "Everything needed fits."}'
          + (f' Written to {args.json}.' if args.json else ''))
    return 1 if bad else 0


if __name__ == '__main__':
    run_cli(main)

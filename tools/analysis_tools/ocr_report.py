#!/usr/bin/env python
r"""Compare the OCR regions of a build with words that are known: recall, precision, and how well the boxes fit.

The words of a source come from JSON lines with all words and their boxes, or from a list of some words an image, which
says nothing of precision. Words 'elsewhere' were read where no known word is: false readings, or words that the list
leaves out; they count against precision. What the vocabulary of the build drops counts as not read.

Example, for the mini data:
    python tools/build_region_data.py configs/data_engine/mini.py --build-vocab --min-count 1 --out data/mini/ocr \
        --cfg-options engine.ingest.sources.val=data/mini/scenes/val engine.ingest.sources.text=data/mini/text \
        engine.label.vocabulary.min_chars=1
    python tools/analysis_tools/ocr_report.py data/mini/ocr --words scenes=data/mini/scenes/text/train.jsonl \
        val=data/mini/scenes/text/val.jsonl text=data/mini/text/words.json
"""
import argparse
from pathlib import Path
from typing import Any, Dict, List, Tuple

import mmrice  # noqa: F401  (before a host)
from mmrice.utils import UserError, run_cli

COLUMNS = {'source': 'source', 'height': 'box height', 'images': 'images', 'known': 'known words', 'found': 'found',
           'read': 'read words', 'elsewhere': 'elsewhere', 'recall': 'recall, %', 'precision': 'precision, %',
           'iou': 'IoU of right boxes, %'}
Images = Dict[str, Tuple[list, list]]  # file -> known words, read words


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', type=Path, help='folder of a finished build with OCR regions')
    parser.add_argument('--words', nargs='+', required=True, metavar='SOURCE=FILE',
                        help='known words of the images of a source of the build (.jsonl or .json)')
    parser.add_argument('--show', type=int, default=10, metavar='N',
                        help='images with differences to list, for each source (default: 10)')
    parser.add_argument('--json', type=Path, metavar='PATH', help='write ratios and rows as JSON')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    return parser.parse_args()


def load_truths(options: List[str]) -> Dict[str, Any]:
    """{source: known words} of ``--words``."""
    from mmrice.data_engine.ocr_report import read_truth
    truths = {}
    for option in options:
        source, equals, path = option.partition('=')
        if not (source and equals and path):
            raise UserError(f'--words: {option!r} is not of the form SOURCE=FILE.')
        truths[source] = read_truth(Path(path))
    return truths


def compare(root: Path, truths: Dict[str, Any]) -> Dict[str, Images]:
    """{source: {file: (known words, read words)}} of the images that the build has."""
    from mmrice.data_engine.ocr_report import compare_image, regions_by_image
    results: Dict[str, Images] = {source: {} for source in truths}
    for source, file, regions in regions_by_image(root, {name: truth.images for name, truth in truths.items()}):
        truth = truths[source]
        results[source][file] = compare_image(truth.images[file], regions, truth.complete)
    for source, images in results.items():
        if not images:
            raise UserError(f'{root}: has none of the images of --words {source}=FILE, e.g. '
                            f'{next(iter(truths[source].images), "none")}. Is {source!r} in '
                            'engine.ingest.sources of the build (see its meta.json), and are the images in FILE named '
                            'relative to the folder of that source?')
    return results


def tabulate(results: Dict[str, Images]) -> Tuple[Dict[str, float], List[Dict[str, Any]]]:
    """Ratios and rows: each source, then its words by height."""
    from mmrice.data_engine.ocr_report import summarise, summarise_by_height
    ratios, rows = {}, []
    for source, images in results.items():
        known = [word for words, _ in images.values() for word in words]
        read = [word for _, words in images.values() for word in words]
        total = summarise(known, read)
        rows += [{'source': source, 'height': 'all', 'images': len(images), **total},
                 *({'source': source, **row} for row in summarise_by_height(known, read))]
        ratios.update({f'{name}_{source}': total[name] / 100 for name in ('recall', 'precision', 'iou')
                       if total[name] is not None})
    return ratios, rows


def print_differences(source: str, images: Images, limit: int) -> None:
    """List what was missed and what was read beside the known words, image by image."""
    lines = []
    for file, (known, read) in images.items():
        differences = {'missed': [word.word for word in known if not word.found],
                       'read, not known:': [word.word for word in read if word.right is False]}
        texts = [f'{what} {" ".join(words)}' for what, words in differences.items() if words]
        if texts:
            lines.append(f'  {file}: {"; ".join(texts)}')
    if lines:
        rest = f'\n  and {len(lines) - limit} more images (--show {len(lines)})' if len(lines) > limit else ''
        print(f'{source}: {len(lines)} of {len(images)} images differ\n' + '\n'.join(lines[:limit]) + rest)


def main() -> None:
    """Compare, print and write."""
    args = parse_args()
    from mmrice.utils.bench_json import print_table, write_bench_json
    truths = load_truths(args.words)
    results = compare(args.root, truths)
    ratios, rows = tabulate(results)
    print_table(rows, COLUMNS)
    print()
    for source, images in results.items():
        total = len(truths[source].images)
        if len(images) < total:
            print(f'{source}: {total - len(images)} of {total} images are not in the build (left out at ingest, or not '
                  'below its folder)')
        print_differences(source, images, max(0, args.show))
    if args.json:
        write_bench_json(args.json, ratios, rows)
        print(f'results: {args.json}')


if __name__ == '__main__':
    run_cli(main)

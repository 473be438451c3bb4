#!/usr/bin/env python
"""Compare the clusters of a build with annotated boxes.

Regions that overlap an annotated box (IoU) get its class. Then: how far the clusters agree with the classes, beside the
same clusters with regions put into them by chance, and beside whole images: each image embedded and clustered as the
regions are, with as many clusters, and each region in the cluster of its image. Neighbours are the nearest regions of
other images by the embeddings themselves. All numbers but counts are in percent.

Example:
    python tools/analysis_tools/cluster_report.py data/mini/regions \\
        --ann-file scenes=data/mini/scenes/annotations/train.json
"""
import argparse
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np

import mmrice  # noqa: F401  (registers scopes and stand-ins before a host is imported)
from mmrice.utils import UserError, run_cli

COLUMNS = {'grouping': 'regions grouped by', 'groups': 'groups', 'purity': 'purity', 'nmi': 'NMI', 'ami': 'AMI',
           'nn_purity': 'NN purity'}
CLASS_COLUMNS = {'class': 'class', 'regions': 'regions', 'in_own_clusters': 'in clusters of its own',
                 'nn_purity': 'NN purity'}
MEASURES = ('purity', 'nmi', 'ami', 'nn_purity')
Row = Dict[str, Any]


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build_dir', type=Path, metavar='DIR', help='output folder of tools/build_region_data.py')
    parser.add_argument('--ann-file', action='append', required=True, metavar='NAME=JSON',
                        help='COCO annotations of a source of engine.ingest; may be given several times')
    parser.add_argument('--min-iou', type=float, default=0.5, metavar='IOU', help='default: 0.5')
    parser.add_argument('--no-whole-images', action='store_true', help='do not embed and cluster whole images')
    parser.add_argument('--json', type=Path, metavar='PATH', help='write the numbers as JSON')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    args = parser.parse_args()
    if not 0 < args.min_iou <= 1:
        raise UserError(f'--min-iou: expected a number in (0, 1], found {args.min_iou}.')
    for entry in args.ann_file:
        if '=' not in entry:
            raise UserError(f'--ann-file: expected NAME=JSON, found {entry!r}.')
    args.ann_file = dict(entry.split('=', 1) for entry in args.ann_file)
    return args


def percent(row: Row) -> Row:
    """Shares as percent with one decimal."""
    return {key: round(100 * float(value), 1) if isinstance(value, (float, np.floating)) else value
            for key, value in row.items()}


def compare(found: Any, whole: Tuple[np.ndarray, np.ndarray]) -> List[Row]:
    """Rows of the table: the clusters, chance, whole images (features and clusters of all images, or none), nothing."""
    from mmrice.data_engine.clustering import agreement as of
    classes, shares = found.classes, np.bincount(found.classes) / len(found.classes)
    chance = [of.agreement(groups, classes) for groups in of.shuffled(found.clusters)]
    count = len(classes)
    rows = [dict(grouping='their clusters', **of.agreement(found.clusters, classes),
                 nn_purity=of.neighbour_purity(found.features, found.images, classes).mean()),
            dict(grouping='shuffled clusters', groups=chance[0]['groups'],
                 **{key: float(np.mean([one[key] for one in chance])) for key in MEASURES[:3]},
                 nn_purity=float((np.square(shares).sum() * count - 1) / max(count - 1, 1)))]
    features, clusters = whole
    if len(features):
        rows.append(dict(grouping='clusters of whole images', **of.agreement(clusters[found.images], classes),
                         nn_purity=of.image_neighbour_purity(features, found.images, classes).mean()))
    rows.append(dict(grouping='nothing (the largest class)', **of.agreement(np.zeros(count, int), classes)))
    return [percent(row) for row in rows]


def by_class(found: Any) -> List[Row]:
    """For each class: its share in clusters where it is the commonest, and with neighbours of the same class."""
    from mmrice.data_engine.clustering.agreement import contingency, neighbour_purity
    (labels, groups), (present, columns) = (np.unique(values, return_inverse=True)
                                            for values in (found.clusters, found.classes))
    commonest = present[contingency(found.clusters, found.classes).argmax(1)][groups]
    same = neighbour_purity(found.features, found.images, found.classes)
    return [percent({'class': found.names[label], 'regions': int((found.classes == label).sum()),
                     'in_own_clusters': float((commonest == label)[found.classes == label].mean()),
                     'nn_purity': float(same[found.classes == label].mean())}) for label in present]


def main() -> None:
    """Match, compare, print and write."""
    args = parse_args()
    from mmrice.data_engine.clustering.ground_truth import Truth, match_regions, shards_of
    from mmrice.data_engine.clustering.whole_images import cluster_whole_images, embed_whole_images
    from mmrice.data_engine.workspace import Workspace
    from mmrice.datasets.shard_format import read_meta
    from mmrice.utils.bench_json import print_table, write_bench_json
    space = Workspace(args.build_dir)
    engine = read_meta(args.build_dir)['made_by'].get('engine')
    if engine is None:
        raise UserError(f'{args.build_dir}/meta.json: made_by has no engine, so these shards were not made by '
                        'tools/build_region_data.py.')
    found = match_regions(space, Truth(args.ann_file), args.min_iou)
    features, clusters = np.zeros((0, 0)), np.zeros(0)
    if not args.no_whole_images:
        features = embed_whole_images(space, shards_of(space), engine['embed'])
        clusters, count = cluster_whole_images(features, engine['cluster'])
        if count < engine['cluster']['num_clusters']:
            print(f'There are {count} images, and so {count} clusters of whole images.')
    rows, classes = compare(found, (features, clusters)), by_class(found)
    print(f'{len(found.classes):,} of {found.regions:,} regions of annotated images overlap a box (IoU >= '
          f'{args.min_iou}), {found.found:,} of {found.boxes:,} boxes are overlapped.\n')
    print_table(rows, COLUMNS)
    print()
    print_table(classes, CLASS_COLUMNS)
    if args.json:
        names = dict(zip(('clusters', 'shuffled', 'whole_images'), rows if len(features) else rows[:2]))
        ratios = {f'{key}_{name}': row[key] for name, row in names.items() for key in MEASURES}
        write_bench_json(args.json, ratios, rows + classes, env=dict(
            min_iou=args.min_iou, matched=len(found.classes), regions=found.regions, boxes=found.boxes,
            boxes_found=found.found))
        print(f'results: {args.json}')


if __name__ == '__main__':
    run_cli(main)

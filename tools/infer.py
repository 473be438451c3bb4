#!/usr/bin/env python
"""Run a trained model on images: a picture of each, and predictions.json with classes, scores, boxes and masks.

The config says what is done: detection, instance or panoptic segmentation (MMDetection), semantic segmentation
(MMSegmentation), classification (MMPretrain); with a pretraining config the features of --boxes are written.

Example:
    python tools/infer.py data/mini/trees/val configs/quick/faster-rcnn_rice-vit-tiny_mini-trees.py \\
        work_dirs/demo/detection_rice/latest.pth --score-thr 0.2
"""
import argparse
from collections import Counter
from pathlib import Path
from typing import Any

import mmrice  # noqa: F401  (registers scopes and stand-ins before a host is imported)
from mmrice.utils import UserError, run_cli

SHOWN = 5  # skipped images that are named


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    from mmengine.config import DictAction
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('images', type=Path, help='an image, or a folder; folders in it are searched too')
    parser.add_argument('config', help='config file, or mmrice::quick/NAME.py')
    parser.add_argument('checkpoint', help='weights of the whole model')
    parser.add_argument('--out-dir', type=Path, metavar='DIR', help='default: work_dirs/infer/<config name>')
    parser.add_argument('--score-thr', type=float, default=0.3, metavar='S',
                        help='instances of lower scores are left out (default: 0.3)')
    parser.add_argument('--device', help="'cpu', 'cuda' or 'cuda:1' (default: a GPU where there is one)")
    parser.add_argument('--boxes', nargs='+', metavar='BOX', help='for a pretraining config: x1,y1,x2,y2 ... in px of '
                        'the image, or a JSON file with a list of boxes, or with {image: list of boxes}')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, metavar='KEY=VALUE',
                        help='change the config, as in model.test_cfg.rcnn.max_per_img=20')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    return parser.parse_args()


def make(args: argparse.Namespace) -> Any:
    """The inferencer; ``--boxes`` and config must agree."""
    from mmrice.apis.inference import make_inferencer
    from mmrice.apis.inference.base import open_config
    from mmrice.apis.inference.boxes import read_boxes
    from mmrice.apis.inference.making import inferencer_name
    cfg = open_config(args.config, args.cfg_options)
    pretraining = inferencer_name(cfg) == 'RegionFeatureExtractor'
    if pretraining and not args.boxes:
        raise UserError(f'{args.config}: is a pretraining config (no test_dataloader), which embeds regions. Say which '
                        'with --boxes x1,y1,x2,y2 ... or --boxes FILE.json.')
    if args.boxes and not pretraining:
        raise UserError(f'--boxes: {args.config} is no pretraining config; its model finds regions by itself.')
    boxes_of = read_boxes(args.boxes) if pretraining else None
    inferencer = make_inferencer(cfg, args.checkpoint, args.device)
    if not pretraining:
        return inferencer
    from mmrice.apis.inference.region_records import RegionInferencer
    print(f'regions are embedded by: {inferencer.pooling}')
    return RegionInferencer(inferencer, boxes_of)


def main() -> None:
    """Infer."""
    args = parse_args()
    from mmrice.apis.inference import infer
    from mmrice.apis.inference.images import list_images
    from mmrice.data_engine.progress import Progress
    images = list_images(args.images)
    inferencer = make(args)
    out_dir = args.out_dir or Path('work_dirs/infer', Path(args.config.rpartition('::')[2]).stem)
    progress = Progress('infer', len(images))
    root = args.images if args.images.is_dir() else None
    try:
        outcome = infer(inferencer, images, out_dir, args.score_thr, root=root, progress=progress)
    finally:
        progress.close()
    for image, reason in outcome.skipped[:SHOWN]:
        print(f'skipped: {image}: {reason}')
    if len(outcome.skipped) > SHOWN:
        print(f'skipped: {len(outcome.skipped) - SHOWN} more, see {out_dir / "predictions.json"}')
    if not outcome.records:
        raise UserError(f'{args.images}: none of {len(images)} images could be used. First: {outcome.skipped[0][1]}')
    found = Counter()
    for record in outcome.records:
        found.update({key: len(value) for key, value in record.items() if isinstance(value, list)})
    rate = len(outcome.records) / max(outcome.seconds, 1e-9)
    count = len(outcome.records)
    print(f'{count} image{"s" * (count != 1)} in {outcome.seconds:.1f} s ({rate:.1f}/s), {len(outcome.skipped)} skipped'
          + ''.join(f', {number:,} {name}' for name, number in found.items()))
    place = out_dir / 'predictions.json'
    if args.boxes:
        shape = inferencer.save(out_dir / 'features.npz')
        print(f'features: {out_dir / "features.npz"}: regions {shape[0]} x {shape[1]}')
    print(f'results: {place}, pictures: {out_dir / "pictures"}')


if __name__ == '__main__':
    run_cli(main)

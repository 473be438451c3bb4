#!/usr/bin/env python
"""Colour the patches of images by the principal components of their features (as Fig. 2 of the RICE paper).

The components are fitted to all images together, so that a colour means the same in each. With --box the attention of
the region's query over the patches is drawn as well.

Example:
    python tools/analysis_tools/visualize_features.py data/mini/scenes/val configs/quick/rice_vit-tiny_mini.py \\
        work_dirs/demo/pretrain/latest.pth --max-images 8
"""
import argparse
from pathlib import Path
from typing import Any, List, Tuple

import numpy as np

import mmrice  # noqa: F401  (registers scopes and stand-ins before a host is imported)
from mmrice.utils import UserError, atomic_path, run_cli

RANDOM = 'random'
MEAN, STD = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
WIDTH, COLUMNS, ROWS = 288, 6, 4  # of a page: pixels of a picture, pictures


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    from mmengine.config import DictAction
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('images', type=Path, help='an image, a folder, or a video')
    parser.add_argument('config', help='of pretraining, of a detector, of a segmentor, or of a backbone alone')
    parser.add_argument('checkpoint', help=f'weights that hold the backbone, or {RANDOM!r} for random ones')
    parser.add_argument('--out-dir', type=Path, metavar='DIR', help='default: work_dirs/features/<config name>')
    parser.add_argument('--size', type=int, default=512, metavar='PX', help='longer edge of the network\'s input; both '
                        'edges are rounded to multiples of the patch (default: 512)')
    parser.add_argument('--box', metavar='X1,Y1,X2,Y2', help='draw the attention of this region, in px of the image')
    parser.add_argument('--max-images', type=int, default=24, metavar='N',
                        help='images or frames; of more, N evenly spaced ones (default: 24)')
    parser.add_argument('--device', help="'cpu', 'cuda' or 'cuda:1' (default: a GPU where there is one)")
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, metavar='KEY=VALUE',
                        help='change the config')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    args = parser.parse_args()
    for name in ('size', 'max_images'):
        if getattr(args, name) < 1:
            raise UserError(f'--{name.replace("_", "-")} is {getattr(args, name)}, expected 1 or more.')
    if args.box:
        from mmrice.apis.inference.boxes import parse_box
        args.box = parse_box(args.box)
        if args.checkpoint == RANDOM:
            raise UserError('--box needs a checkpoint: random weights look nowhere in particular.')
    return args


def read_pictures(path: Path, count: int) -> List[Tuple[str, np.ndarray]]:
    """(caption, RGB image) of an image, of a folder or of a video; damaged ones are left out and named."""
    from mmrice.apis.inference.images import list_images, read_image
    from mmrice.visualization.video import SUFFIXES, read_frames
    if path.is_file() and path.suffix.lower() in SUFFIXES:
        return [(f'frame {number}', frame) for number, frame in read_frames(path, count)]
    found = list_images(path)
    if len(found) > count:
        print(f'{count} of {len(found)} images, evenly spaced; --max-images takes more')
        found = [found[index] for index in np.linspace(0, len(found) - 1, count).round().astype(int)]
    pictures = []
    for file in found:
        try:
            pictures.append((file.name, read_image(file)))
        except UserError as error:
            print(f'skipped: {error}')
    if not pictures:
        raise UserError(f'{path}: none of its images can be read.')
    return pictures


def draw_attention(args: argparse.Namespace, cfg: Any, encoder: Any, pictures: List[Tuple[str, np.ndarray]]) -> list:
    """Each image with the box and the mean of the heads' weights."""
    from mmrice.apis.inference import RegionFeatureExtractor
    from mmrice.visualization import draw_regions
    from mmrice.visualization.grid import heat
    recipe = dict(model=dict(backbone=encoder.model, data_preprocessor=dict(
        mean=encoder.mean, std=encoder.std, bgr_to_rgb=not encoder.is_bgr)))
    neck = (cfg.get('model') or {}).get('neck')
    if neck is not None:
        recipe['model']['neck'] = neck
    extractor = RegionFeatureExtractor(recipe, args.checkpoint, args.device, long_edge=args.size)
    print(f'attention of the box: {extractor.pooling}, mean of its heads')
    drawn = []
    for _, image in pictures:
        weights = extractor.attention(image, [args.box])[0].mean(0).numpy()
        scale = max(1., WIDTH / image.shape[1])
        drawn.append(draw_regions(heat(image, weights), [args.box], None, [(255, 255, 255)], scale=scale))
    return drawn


def main() -> None:
    """Draw."""
    args = parse_args()
    from PIL import Image

    from mmrice.apis.config import apply_options, read_config
    from mmrice.apis.flops import config_file
    from mmrice.apis.inference.base import pick_device
    from mmrice.apis.user_errors import user_errors
    from mmrice.data_engine.encoders.network_input import size_for
    from mmrice.data_engine.progress import Progress
    from mmrice.engine.weights import read_source
    from mmrice.visualization import pca_rgb
    from mmrice.visualization.grid import fit_width, tile
    from mmrice.visualization.patch_features import build_backbone, encoder_of, feature_map, stride_of
    cfg = read_config(config_file(args.config))
    apply_options(cfg, args.cfg_options)
    pictures = read_pictures(args.images, args.max_images)
    encoder, device = encoder_of(cfg), pick_device(args.device)
    weights = None if args.checkpoint == RANDOM else args.checkpoint
    if weights is not None:
        read_source(weights)  # says what is wrong with a file before anything is built
    if encoder.mean is None or encoder.std is None:
        print(f"{args.config}: says no mean and deviation of the pixels; ImageNet's are taken")
        encoder = encoder._replace(mean=MEAN, std=STD, is_bgr=False)
    with user_errors():
        backbone = build_backbone(encoder, weights).to(device)
    stride, maps, progress = stride_of(backbone), [], Progress('features', len(pictures))
    for _, image in pictures:
        size = size_for(image.shape[1::-1], args.size, stride)
        maps.append(feature_map(backbone, image, size, encoder.mean, encoder.std, encoder.is_bgr))
        progress.update(1)
    progress.close()
    columns = [[fit_width(image, WIDTH) for _, image in pictures],
               [fit_width(colors, WIDTH, cells=True) for colors in pca_rgb(maps)]]
    if args.box:
        columns.append([fit_width(one, WIDTH) for one in draw_attention(args, cfg, encoder, pictures)])
    stacks = [(caption, stack) for (caption, _), stack in zip(pictures, zip(*columns))]
    out_dir = args.out_dir or Path('work_dirs/features', Path(args.config.rpartition('::')[2]).stem)
    pages = range(0, len(stacks), COLUMNS * ROWS)
    for number, start in enumerate(pages):
        with atomic_path(out_dir / f'features_{number:03d}.png') as temporary:
            Image.fromarray(tile(stacks[start:start + COLUMNS * ROWS], COLUMNS)).save(temporary, 'PNG')
    print(f'{len(maps)} images, features of {maps[0].shape[0]} channels, {maps[0].shape[1]} x {maps[0].shape[2]} '
          f'patches in the first')
    print(f'results: {out_dir}/features_000.png' + (f' to features_{len(pages) - 1:03d}.png' if len(pages) > 1 else ''))


if __name__ == '__main__':
    run_cli(main)

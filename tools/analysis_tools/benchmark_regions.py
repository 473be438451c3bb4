#!/usr/bin/env python
"""What embeddings of regions cost beside the encoder's forward pass, and beside encoding each box as an image.

    NAME_share       a pooling's time over the encoder's, for --regions boxes an image
    crops_vs_NAME    cutting --regions boxes out and encoding each, over one pass with the pooling: above 1 it is slower

Poolings: prompter (mmrice.Prompter, its default), prompter_all (pool='all', the layer's feed-forward network over all
tokens once a region), region_transformer (RICE's), roi_align. All without gradients; ratios are medians over rounds.

Example:
    python tools/analysis_tools/benchmark_regions.py --arch base --img-size 224 --batch-size 8 --json regions.json
"""
import argparse
from pathlib import Path
from statistics import median
from typing import Any, Callable, Dict, List

import torch
import torch.nn.functional as F

import mmrice  # noqa: F401  (before a host)
from mmrice.utils import UserError, run_cli

ENCODER, CROPS = 'encoder', 'crops'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--arch', default='base', help='preset of RICEViT (default: base)')
    parser.add_argument('--patch-size', type=int, default=16, metavar='P', help='pixels a side (default: 16)')
    parser.add_argument('--img-size', type=int, default=224, metavar='PX', help='pixels a side (default: 224)')
    parser.add_argument('--batch-size', type=int, default=4, metavar='N', help='images (default: 4)')
    parser.add_argument('--regions', type=int, nargs='+', default=[4, 10], metavar='M',
                        help='boxes an image (default: 4 10)')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--dtype', default='float32', choices=('float32', 'bfloat16', 'float16'))
    parser.add_argument('--repeats', type=int, default=5, metavar='N', help='rounds that count (default: 5)')
    parser.add_argument('--json', type=Path, metavar='PATH', help='write ratios and rows as JSON')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    args = parser.parse_args()
    if args.img_size < 1 or args.img_size % args.patch_size:
        raise UserError(f'--img-size {args.img_size} is not divisible by the patch size, {args.patch_size}.')
    for name in ('batch_size', 'repeats'):
        if getattr(args, name) < 1:
            raise UserError(f'--{name.replace("_", "-")}: expected 1 or more.')
    return args


def draw_boxes(count: int, side: int, device: str) -> torch.Tensor:
    """Boxes xyxy in pixels, a tenth to a half of a side long, shape (count, 4)."""
    lengths = (0.1 + 0.4 * torch.rand(count, 2, device=device)) * side
    corners = torch.rand(count, 2, device=device) * (side - lengths)
    return torch.cat([corners, corners + lengths], dim=1)


def contenders(args: argparse.Namespace, regions: int) -> Dict[str, Callable[[], torch.Tensor]]:
    """What is timed: the encoder, each pooling of its tokens, and crop-and-encode."""
    from mmrice.models import Prompter, RegionTransformer, RICEViT, RoIAlignPooling
    torch.manual_seed(0)
    side, dtype = args.img_size, getattr(torch, args.dtype)
    encoder = RICEViT(args.arch, args.patch_size, 'raw').to(args.device, dtype).eval()
    width, grid = encoder.embed_dims, (side // args.patch_size, ) * 2
    common = dict(in_channels=width, out_channels=512, patch_size=args.patch_size)
    poolings = dict(
        prompter=Prompter(**common, grounding=False), prompter_all=Prompter(**common, pool='all', grounding=False),
        region_transformer=RegionTransformer(**common, num_heads=encoder.num_heads),
        roi_align=RoIAlignPooling(**common))
    x = torch.randn(args.batch_size, 3, side, side, device=args.device, dtype=dtype)
    boxes = [draw_boxes(regions, side, args.device) for _ in range(args.batch_size)]
    tokens = encoder(x)[-1]

    def crops() -> torch.Tensor:
        cut = [F.interpolate(image[None, :, int(y1):int(y2) + 1, int(x1):int(x2) + 1], (side, side), mode='bilinear')
               for image, own in zip(x, boxes) for x1, y1, x2, y2 in own.tolist()]
        return torch.cat([encoder(part)[-1][:, 0] for part in torch.cat(cut).split(args.batch_size)])

    calls: Dict[str, Callable[[], torch.Tensor]] = {ENCODER: lambda: encoder(x)[-1]}
    for name, pooling in poolings.items():
        pooling = pooling.to(args.device, dtype).eval()
        calls[name] = lambda pooling=pooling: pooling(tokens, grid, boxes)
    return {**calls, CROPS: crops}


def measure(args: argparse.Namespace) -> List[Dict[str, Any]]:
    """One row for each contender and number of boxes; 'seconds' of each round."""
    from mmrice.utils.timing import time_in_turn
    rows = []
    for regions in args.regions:
        with torch.no_grad():
            calls = contenders(args, regions)
            times = time_in_turn(calls, args.repeats, 1, torch.cuda.synchronize if args.device != 'cpu' else int)
        rows += [dict(what=name, regions=regions, median_ms=1e3 * median(rounds), seconds=rounds)
                 for name, rounds in times.items()]
    return rows


def summarise(rows: List[Dict[str, Any]]) -> Dict[str, float]:
    """Medians over rounds of the ratios in the help."""
    found = {(row['regions'], row['what']): row['seconds'] for row in rows}
    ratios = {}
    for (regions, name), seconds in found.items():
        if name in (ENCODER, CROPS):
            continue
        encoder, crops = found[regions, ENCODER], found[regions, CROPS]
        ratios[f'{name}_share_of_{regions}'] = median(own / whole for own, whole in zip(seconds, encoder))
        ratios[f'crops_vs_{name}_of_{regions}'] = median(
            slow / (whole + own) for slow, whole, own in zip(crops, encoder, seconds))
    return ratios


def main() -> None:
    """Measure, print, write."""
    args = parse_args()
    from mmrice.utils.bench_json import print_table, write_bench_json
    rows = measure(args)
    ratios = summarise(rows)
    print_table(rows, {'what': 'what', 'regions': 'boxes an image', 'median_ms': 'median, ms'})
    print('\n' + '\n'.join(f'{name:<36}{value:.3f}' for name, value in ratios.items()))
    if args.json:
        write_bench_json(args.json, ratios, rows, env=dict(device=args.device, dtype=args.dtype))
        print(f'results: {args.json}')


if __name__ == '__main__':
    run_cli(main)

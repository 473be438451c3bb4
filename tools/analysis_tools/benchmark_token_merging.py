#!/usr/bin/env python
"""Time train steps of RICEViT with merged tokens against those with all of them: the two in turn in one run.

Predicted is the ratio of the layers' FLOPs. Ratios are medians over rounds; above 1 merging is faster.

Example:
    python tools/analysis_tools/benchmark_token_merging.py --arch base --after 4 --json merging.json
"""
import argparse
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Dict, List, Tuple

import torch
from torch import Tensor, nn

import mmrice  # noqa: F401  (before a host)
from mmrice.utils import UserError, run_cli

ALL = 'all tokens'
COLUMNS = {'model': 'model', 'median_ms': 'median, ms', 'images_per_s': 'images/s', 'gflops': 'GFLOPs a forward pass'}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--arch', default='base', help='preset of RICEViT (default: base)')
    parser.add_argument('--patch-size', type=int, default=16, metavar='P', help='pixels a side (default: 16)')
    parser.add_argument('--img-size', type=int, default=224, metavar='PX', help='pixels a side (default: 224)')
    parser.add_argument('--batch-size', type=int, default=4, metavar='N', help='images (default: 4)')
    parser.add_argument('--after', type=int, default=4, metavar='N', help='layers before merging (default: 4)')
    parser.add_argument('--keep', type=float, nargs='+', default=[0.5, 0.75], metavar='SHARE',
                        help='of the tokens that go on (default: 0.5 0.75)')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--dtype', default='float32', choices=('float32', 'bfloat16', 'float16'))
    parser.add_argument('--repeats', type=int, default=9, metavar='N', help='rounds that count (default: 9)')
    parser.add_argument('--json', type=Path, metavar='PATH', help='write ratios and rows as JSON')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    args = parser.parse_args()
    if args.img_size % args.patch_size:
        raise UserError(f'--img-size: {args.img_size} is not divisible by the patch size, {args.patch_size}.')
    return args


def train_step(model: nn.Module, x: Tensor) -> None:
    """Forward and backward, gradients fresh."""
    model.zero_grad(set_to_none=True)
    model(x)[0].sum().backward()


def forward(model: nn.Module, x: Tensor) -> None:
    """Without gradients."""
    with torch.no_grad():
        model(x)


def measure(args: argparse.Namespace) -> Tuple[Dict[str, float], List[Dict[str, Any]]]:
    """Ratios and rows of all contenders."""
    from mmrice.models import RICEViT
    from mmrice.utils.flops import count_flops
    from mmrice.utils.timing import speedup, time_in_turn
    torch.manual_seed(0)
    options = {ALL: None, **{f'keep {keep:g}': dict(after=args.after, keep=keep) for keep in args.keep}}
    models = {name: RICEViT(args.arch, args.patch_size, 'raw', token_merging=option).to(
        args.device, getattr(torch, args.dtype)) for name, option in options.items()}
    x = torch.randn(args.batch_size, 3, args.img_size, args.img_size, device=args.device,
                    dtype=getattr(torch, args.dtype))
    flops = {name: count_flops(model, partial(forward, model, x)).total for name, model in models.items()}
    times = time_in_turn({name: partial(train_step, model, x) for name, model in models.items()}, args.repeats,
                         synchronize=torch.cuda.synchronize if args.device.startswith('cuda') else int)
    ratios = {}
    for name, option in options.items():
        if option is not None:
            key = f'keep_{option["keep"]:g}'
            ratios[f'{key}_predicted'] = flops[ALL] / flops[name]
            ratios[f'{key}_measured'] = speedup(times, name, ALL)
    rows = [dict(model=name, median_ms=1e3 * median(rounds), images_per_s=args.batch_size / median(rounds),
                 gflops=flops[name] / 1e9) for name, rounds in times.items()]
    return ratios, rows


def main() -> None:
    """Measure, print and write."""
    args = parse_args()
    from mmrice.utils.bench_json import print_table, write_bench_json
    ratios, rows = measure(args)
    print_table(rows, COLUMNS)
    print('\n' + '\n'.join(f'{name:<32}{value:.3f}' for name, value in ratios.items()))
    if args.json:
        write_bench_json(args.json, ratios, rows, env=dict(device=args.device, dtype=args.dtype))
        print(f'results: {args.json}')


if __name__ == '__main__':
    run_cli(main)

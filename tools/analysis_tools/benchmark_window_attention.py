#!/usr/bin/env python
"""Time a forward pass of RICEViT over the size of the image: global attention, windows, windows with global layers.

Example:
    python tools/analysis_tools/benchmark_window_attention.py --json windows.json --plot windows.png
"""
import argparse
import math
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Dict, List, Tuple

import torch

import mmrice  # noqa: F401  (before a host)
from mmrice.utils import UserError, run_cli

GLOBAL, WINDOWED = 'global', 'windows'
COLUMNS = {'attention': 'attention', 'img_size': 'image, px', 'tokens': 'tokens', 'median_ms': 'median, ms',
           'us_per_token': 'us a token', 'gflops': 'GFLOPs'}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--arch', default='base', help='preset of RICEViT (default: base)')
    parser.add_argument('--patch-size', type=int, default=16, metavar='P', help='pixels a side (default: 16)')
    parser.add_argument('--sizes', type=int, nargs='+', default=[512, 1024, 2048], metavar='PX',
                        help='pixels a side (default: 512 1024 2048)')
    parser.add_argument('--window-size', type=int, default=14, metavar='N', help='patches a side (default: 14)')
    parser.add_argument('--global-layers', type=int, nargs='+', default=[2, 5, 8, 11], metavar='I',
                        help='of the mixed model (default: 2 5 8 11)')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--dtype', default='float32', choices=('float32', 'bfloat16', 'float16'))
    parser.add_argument('--repeats', type=int, default=3, metavar='N', help='rounds that count (default: 3)')
    parser.add_argument('--json', type=Path, metavar='PATH', help='write ratios and rows as JSON')
    parser.add_argument('--plot', type=Path, metavar='PATH', help='write the curves as a picture')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    args = parser.parse_args()
    if len(set(args.sizes)) < 2:
        raise UserError('--sizes: expected two different sizes or more, to see how time grows.')
    for size in args.sizes:
        if size < 1 or size % args.patch_size:
            raise UserError(f'--sizes: {size} is not divisible by the patch size, {args.patch_size}.')
    args.sizes = sorted(set(args.sizes))
    return args


def measure(args: argparse.Namespace) -> List[Dict[str, Any]]:
    """One row for each size and kind of attention."""
    from mmrice.models import RICEViT
    from mmrice.utils.flops import vit_flops
    from mmrice.utils.timing import time_in_turn
    mixed = f'windows, {len(args.global_layers)} global layers'
    options = {GLOBAL: {}, mixed: dict(window_size=args.window_size, global_attn_indexes=args.global_layers),
               WINDOWED: dict(window_size=args.window_size)}
    dtype = getattr(torch, args.dtype)
    models = {name: RICEViT(args.arch, args.patch_size, 'featmap', **kwargs).to(args.device, dtype).eval()
              for name, kwargs in options.items()}
    rows = []
    for size in args.sizes:
        x = torch.randn(1, 3, size, size, device=args.device, dtype=dtype)
        calls = {name: partial(model, x) for name, model in models.items()}
        with torch.no_grad():
            times = time_in_turn(calls, args.repeats, min(1, args.repeats - 1),
                                 torch.cuda.synchronize if args.device != 'cpu' else int)
        tokens = 1 + (size // args.patch_size)**2
        for name, seconds in ((name, median(rounds)) for name, rounds in times.items()):
            model = models[name]
            flops = vit_flops(model.embed_dims, model.num_layers, model.num_heads, model.layers[0].ffn[0].out_features,
                              args.patch_size, size, size, 1, model.window_size, len(model.global_attn_indexes))
            rows.append(dict(attention=name, img_size=size, tokens=tokens, median_ms=1e3 * seconds,
                             us_per_token=1e6 * seconds / tokens, gflops=flops / 1e9))
            print(f'{name} at {size} px: {seconds:.3g} s', flush=True)
    return rows


def summarise(rows: List[Dict[str, Any]]) -> Dict[str, float]:
    """Speed-ups over global attention, and the power of the number of tokens with which time grows."""
    found = {(row['attention'], row['img_size']): row for row in rows}
    sizes = sorted({size for _, size in found})
    ratios = {}
    for name in dict.fromkeys(row['attention'] for row in rows):
        key = name.replace(',', '').replace(' ', '_')
        first, last = found[name, sizes[0]], found[name, sizes[-1]]
        ratios[f'{key}_growth_exponent'] = (math.log(last['median_ms'] / first['median_ms']) /
                                            math.log(last['tokens'] / first['tokens']))
        for size in sizes if name != GLOBAL else ():
            ratios[f'{key}_vs_global_at_{size}'] = found[GLOBAL, size]['median_ms'] / found[name, size]['median_ms']
    return ratios


def plot(rows: List[Dict[str, Any]], path: Path, title: str) -> None:
    """Draw time over tokens, both axes logarithmic, with a line of slope one."""
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot
    curves: Dict[str, List[Tuple[int, float]]] = {}
    for row in rows:
        curves.setdefault(row['attention'], []).append((row['tokens'], row['median_ms'] / 1e3))
    figure, axes = pyplot.subplots(figsize=(6, 4), layout='constrained')
    for name, points in curves.items():
        axes.loglog(*zip(*points), marker='o', label=name)
    (first, seconds), (last, _) = curves[WINDOWED][0], curves[WINDOWED][-1]
    axes.loglog([first, last], [seconds, seconds * last / first], 'k:', label='linear in tokens')
    axes.set(xlabel='tokens', ylabel='seconds a forward pass', title=title)
    axes.legend()
    axes.grid(alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure, print, write."""
    args = parse_args()
    from mmrice.utils.bench_json import print_table, write_bench_json
    rows = measure(args)
    ratios = summarise(rows)
    print()
    print_table(rows, COLUMNS)
    print('\n' + '\n'.join(f'{name:<48}{value:.3f}' for name, value in ratios.items()))
    if args.plot:
        plot(rows, args.plot, f'RICEViT {args.arch}, patch {args.patch_size}, window {args.window_size}, '
             f'{args.dtype}, {args.device}')
        print(f'plot: {args.plot}')
    if args.json:
        write_bench_json(args.json, ratios, rows, env=dict(device=args.device, dtype=args.dtype))
        print(f'results: {args.json}')


if __name__ == '__main__':
    run_cli(main)

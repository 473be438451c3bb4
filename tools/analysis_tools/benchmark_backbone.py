#!/usr/bin/env python
"""Time RICEViT against Hugging Face's MLCDVisionModel: same weights, dtype and threads, the two in turn in one run.

Ratios are medians over rounds; above 1 RICEViT is faster (train_memory_vs_hf: above 1 it needs more).

Example:
    python tools/analysis_tools/benchmark_backbone.py --arch base --img-size 224 --batch-size 4 --json backbone.json
"""
import argparse
import multiprocessing
import warnings
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Callable, Dict, List, Tuple

import torch
from torch import Tensor, nn

import mmrice  # noqa: F401  (before a host)
from mmrice.utils import UserError, run_cli

OURS, HF, NO_ROPE = 'RICEViT', 'MLCDVisionModel', 'RICEViT without RoPE'
COLUMNS = {'pass': 'pass', 'model': 'model', 'median_ms': 'median, ms', 'images_per_s': 'images/s',
           'gflops_per_s': 'GFLOP/s', 'ceiling_share': 'of matmul ceiling', 'peak_mib': 'peak memory, MiB'}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--arch', default='base', help='preset of RICEViT (default: base)')
    parser.add_argument('--patch-size', type=int, default=16, metavar='P', help='pixels a side (default: 16)')
    parser.add_argument('--img-size', type=int, default=224, metavar='PX', help='pixels a side (default: 224)')
    parser.add_argument('--batch-size', type=int, default=4, metavar='N', help='images (default: 4)')
    parser.add_argument('--dtype', choices=('float32', 'bfloat16', 'float16'), help='default: float32 on a CPU, else '
                        'bfloat16')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--repeats', type=int, default=9, metavar='N', help='rounds that count (default: 9)')
    parser.add_argument('--compile', action='store_true', help='time both under torch.compile as well')
    parser.add_argument('--no-memory', action='store_true', help='leave out the memory of a train step')
    parser.add_argument('--json', type=Path, metavar='PATH', help='write ratios and rows as JSON')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    args = parser.parse_args()
    for name in ('patch_size', 'img_size', 'batch_size', 'repeats'):
        if getattr(args, name) < 1:
            raise UserError(f'--{name.replace("_", "-")}: expected 1 or more, found {getattr(args, name)}.')
    if args.img_size % args.patch_size:
        raise UserError(f'--img-size: {args.img_size} is not divisible by the patch size, {args.patch_size}.')
    args.dtype = getattr(torch, args.dtype or ('float32' if args.device == 'cpu' else 'bfloat16'))
    return args


class WithoutRoPE:
    """Mixed into RICEViT: its blocks, with queries and keys left as they are."""

    def _rope(self, *_: Any) -> None:
        return None


def build_ours(args: argparse.Namespace, rope: bool = True) -> nn.Module:
    """RICEViT in training mode, on the device."""
    from mmrice.models import RICEViT
    kind = RICEViT if rope else type('RICEViTWithoutRoPE', (WithoutRoPE, RICEViT), {})
    return kind(args.arch, patch_size=args.patch_size, out_type='raw', final_norm=False).to(args.device, args.dtype)


def build_hf(args: argparse.Namespace) -> nn.Module:
    """Hugging Face's model of the same numbers."""
    try:
        from transformers import MLCDVisionConfig, MLCDVisionModel
    except ImportError as error:
        from mmrice.compat import install_hint
        raise UserError(f'The baseline needs transformers, with MLCD. {install_hint("transformers")}') from error
    ours = build_ours(args)
    config = MLCDVisionConfig(
        hidden_size=ours.embed_dims, num_hidden_layers=ours.num_layers, num_attention_heads=ours.num_heads,
        intermediate_size=ours.layers[0].ffn[0].out_features, patch_size=args.patch_size, image_size=args.img_size,
        num_key_value_groups=1)
    return MLCDVisionModel(config).to(args.device, args.dtype).train()


def features(model: nn.Module, x: Tensor) -> Tensor:
    """Tokens of the last layer, shape (B, 1 + L, C)."""
    output = model(x)
    return output[0] if isinstance(output, tuple) else output.last_hidden_state


def train_step(model: nn.Module, x: Tensor) -> None:
    """Forward and backward, gradients fresh."""
    model.zero_grad(set_to_none=True)
    features(model, x).sum().backward()


def inference(model: nn.Module, x: Tensor) -> Tensor:
    """Forward without gradients."""
    with torch.no_grad():
        return features(model, x)


def check_equal(models: Dict[str, nn.Module], x: Tensor) -> None:
    """Copy the weights of one model to the other and compare what comes out."""
    from mmrice.engine.weights import HUGGING_FACE, Layout
    from mmrice.engine.weights.convert import to_ours
    state = to_ours(models[HF].state_dict(), Layout(HUGGING_FACE, 'vision_model.')).state
    models[OURS].load_state_dict({key: value for key, value in state.items() if not key.startswith('norm.')})
    expected = inference(models[HF], x).float()
    error = (inference(models[OURS], x).float() - expected).norm() / expected.norm()
    if not error < {torch.float32: 1e-4}.get(x.dtype, 3e-2):
        raise UserError(f'The two models differ by {error:.1e} (relative): their times are not comparable.')


def peak_memory(build: Callable, args: argparse.Namespace) -> float:
    """MiB that two train steps add to the model: gradients and activations."""
    if args.device != 'cpu':
        model, x = build(args), torch.randn(batch_shape(args), device=args.device, dtype=args.dtype)
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        train_step(model, x)
        train_step(model, x)
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        return pool.apply(_peak_memory_here, (build, args, torch.get_num_threads()))


def _peak_memory_here(build: Callable, args: argparse.Namespace, threads: int) -> float:
    torch.set_num_threads(threads)
    from mmrice.utils.timing import resident_memory
    model, x = build(args), torch.randn(batch_shape(args), dtype=args.dtype)
    train_step(model, x[:1, :, :args.patch_size, :args.patch_size])  # what is imported and set up at the first step
    before = resident_memory(reset_peak=True)[0]
    train_step(model, x)
    train_step(model, x)
    return (resident_memory()[1] - before) / 2**20


def batch_shape(args: argparse.Namespace) -> Tuple[int, ...]:
    """Of a batch of images."""
    return args.batch_size, 3, args.img_size, args.img_size


def matmul_ceiling(args: argparse.Namespace, tokens: int, channels: int) -> float:
    """FLOP/s of the fastest large product of this shape: torch's, and that of our linear layer."""
    from mmrice.models.layers.linear import linear
    from mmrice.utils.timing import time_in_turn
    sides = max(2048, min(tokens, 8192)), max(2048, channels)
    x, weight = (torch.randn(side, sides[1], device=args.device, dtype=args.dtype) for side in sides)
    with torch.no_grad():
        times = time_in_turn(dict(torch=lambda: x @ weight, ours=lambda: linear(x, weight)), 9, 3, synchronize(args))
    return 2 * sides[0] * sides[1]**2 / min(median(seconds) for seconds in times.values())


def synchronize(args: argparse.Namespace) -> Callable[[], object]:
    """What waits for the device."""
    return torch.cuda.synchronize if args.device.startswith('cuda') else lambda: None


def measure(args: argparse.Namespace) -> Tuple[Dict[str, float], List[Dict[str, Any]]]:
    """Ratios and rows of all passes."""
    from mmrice.utils.flops import count_flops
    from mmrice.utils.timing import speedup, time_in_turn
    torch.manual_seed(0)
    x = torch.randn(batch_shape(args), device=args.device, dtype=args.dtype)
    models = {HF: build_hf(args), OURS: build_ours(args), NO_ROPE: build_ours(args, rope=False)}
    check_equal(models, x)
    flops = count_flops(models[OURS], partial(inference, models[OURS], x)).total
    tokens = args.batch_size * (1 + (args.img_size // args.patch_size)**2)
    ceiling = matmul_ceiling(args, tokens, models[OURS].embed_dims)

    def timed(step: Callable, contenders: Dict[str, nn.Module]) -> Dict[str, List[float]]:
        calls = {name: partial(step, model, x) for name, model in contenders.items()}
        return time_in_turn(calls, args.repeats, synchronize=synchronize(args))

    ratios, rows = {}, []
    trained = {name: models[name] for name in (HF, OURS)}
    runs = [('inference', inference, models, 1), ('train', train_step, trained, 3)]
    if args.compile:
        compiled = {name: torch.compile(model) for name, model in trained.items()}
        runs += [('inference_compiled', inference, compiled, 1), ('train_compiled', train_step, compiled, 3)]
    for label, step, contenders, multiple in runs:
        times = timed(step, contenders)
        ratios[f'{label}_vs_hf'] = speedup(times, OURS, HF)
        if NO_ROPE in times:
            ratios['rope_cost'] = 1 / speedup(times, OURS, NO_ROPE) - 1
        for name, seconds in ((name, median(rounds)) for name, rounds in times.items()):
            speed = multiple * flops / seconds
            rows.append({'pass': label, 'model': name, 'median_ms': 1e3 * seconds,
                         'images_per_s': args.batch_size / seconds, 'gflops_per_s': speed / 1e9,
                         'ceiling_share': speed / ceiling})
        ratios[f'{label}_share_of_matmul_ceiling'] = multiple * flops / median(times[OURS]) / ceiling
    if not args.no_memory:
        peaks = {name: median(peak_memory(build, args) for _ in range(min(3, args.repeats))) for name, build in
                 ((HF, build_hf), (OURS, build_ours))}
        ratios['train_memory_vs_hf'] = peaks[OURS] / peaks[HF]
        rows = [{**row, 'peak_mib': peaks[row['model']]} if row['pass'] == 'train' else row for row in rows]
    return ratios, rows


def main() -> None:
    """Measure, print and write."""
    args = parse_args()
    from mmrice.utils.bench_json import print_table, write_bench_json
    warnings.filterwarnings('ignore')
    ratios, rows = measure(args)
    print_table(rows, COLUMNS)
    print('\n' + '\n'.join(f'{name:<36}{value:.3f}' for name, value in ratios.items()))
    if args.json:
        setup = dict(arch=args.arch, img_size=args.img_size, batch_size=args.batch_size, dtype=str(args.dtype),
                     device=args.device, repeats=args.repeats)
        write_bench_json(args.json, ratios, rows, env=setup)
        print(f'results: {args.json}')


if __name__ == '__main__':
    run_cli(main)

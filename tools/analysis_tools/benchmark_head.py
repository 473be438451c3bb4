#!/usr/bin/env python
"""Time and memory of one full step (forward, backward, AdamW) of cluster discrimination with many classes.

Contenders, each in a process of its own: ClassCenters with SparseAdamW, in float32 and with bfloat16 products; the
plain implementation (logits of all regions and drawn classes, dense gradients, torch's AdamW); and, if you have
insightface's partial_fc_v2.py, PartialFC_V2 with torch's AdamW. Memory is the peak above centres and their optimizer
state. Ratios are ours over theirs: below 1 is less.

Example:
    python tools/analysis_tools/benchmark_head.py --num-classes 100000 --json head.json
"""
import argparse
import importlib.util
import multiprocessing
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from statistics import median
from typing import Any, Callable, Dict, List, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import mmrice  # noqa: F401  (before a host)
from mmrice.utils import UserError, run_cli

SCALE, MARGIN = 64., 0.3
OURS, OURS_BF16, DENSE, PARTIAL_FC = 'mmrice', 'mmrice bf16', 'dense', 'PartialFC_V2'
COLUMNS = {'head': 'head', 'forward_ms': 'forward, ms', 'backward_ms': 'backward, ms', 'optimizer_ms': 'AdamW, ms',
           'step_ms': 'step, ms', 'peak_mib': 'peak memory, MiB', 'gflops_per_s': 'GFLOP/s'}
Step = Tuple[Callable[[Tensor, Tensor], Tensor], torch.optim.Optimizer]


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--num-classes', type=int, default=1_000_000, metavar='K', help='default: 1000000')
    parser.add_argument('--embed-dims', type=int, default=512, metavar='D', help='default: 512')
    parser.add_argument('--num-regions', type=int, default=1280, metavar='R', help='default: 1280')
    parser.add_argument('--sample-ratio', type=float, default=0.1, metavar='RHO', help='default: 0.1')
    parser.add_argument('--partial-fc', type=Path, metavar='FILE', help="insightface's partial_fc_v2.py, or a checkout")
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--repeats', type=int, default=5, metavar='N', help='steps that count (default: 5)')
    parser.add_argument('--only', nargs='+', choices=('mmrice', 'mmrice-bf16', 'dense', 'partial-fc'),
                        help='default: all that can run')
    parser.add_argument('--json', type=Path, metavar='PATH', help='write ratios and rows as JSON')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    args = parser.parse_args()
    for name in ('num_classes', 'embed_dims', 'num_regions', 'repeats'):
        if getattr(args, name) < 1:
            raise UserError(f'--{name.replace("_", "-")}: expected 1 or more, found {getattr(args, name)}.')
    if not 0 < args.sample_ratio <= 1:
        raise UserError(f'--sample-ratio: expected a number in (0, 1], found {args.sample_ratio}.')
    if args.partial_fc is None and 'partial-fc' in (args.only or ()):
        raise UserError("--only partial-fc: give insightface's file as well, with --partial-fc FILE.")
    args.partial_fc = find_partial_fc(args.partial_fc)
    return args


def find_partial_fc(path: Optional[Path]) -> Optional[Path]:
    """The file itself, in a checkout of insightface or given directly."""
    if path is None:
        return None
    found = [path] if path.is_file() else sorted(path.rglob('partial_fc_v2.py'))
    if not found:
        raise UserError(f'--partial-fc: {path} is no file, and no partial_fc_v2.py lies below it.')
    return found[0]


def batch(args: argparse.Namespace) -> Tuple[Tensor, Tensor]:
    """Embeddings and labels of a step, one label a region."""
    generator = torch.Generator().manual_seed(0)
    embeddings = torch.randn(args.num_regions, args.embed_dims, generator=generator)
    labels = torch.randint(0, args.num_classes, (args.num_regions, ), generator=generator)
    return embeddings.to(args.device), labels.to(args.device)


def build_ours(args: argparse.Namespace, half: bool = False) -> Step:
    """The head of this project with one table."""
    from mmrice.engine import SparseAdamW
    from mmrice.models import ClusterDiscriminationHead
    head = ClusterDiscriminationHead(args.embed_dims, dict(num_classes=args.num_classes), loss='softmax', scale=SCALE,
                                     margin=MARGIN, sample_ratio=args.sample_ratio).to(args.device)
    kinds = torch.zeros(args.num_regions, dtype=torch.int64, device=args.device)

    def forward(embeddings: Tensor, labels: Tensor) -> Tensor:
        with torch.autocast(torch.device(args.device).type, torch.bfloat16, enabled=half):
            return head.loss(embeddings, kinds, labels[:, None])['loss_object']

    return forward, SparseAdamW(head.parameters(), lr=1e-3, weight_decay=0.2)


def build_dense(args: argparse.Namespace) -> Step:
    """Plain torch: the drawn classes' logits as one tensor, autograd, a dense gradient."""
    weight = nn.Parameter(torch.empty(args.num_classes, args.embed_dims, device=args.device).normal_(std=0.01))
    num_samples = int(args.num_classes * args.sample_ratio)

    def forward(embeddings: Tensor, labels: Tensor) -> Tensor:
        drawn = torch.randperm(args.num_classes, device=args.device)[:num_samples]
        embeddings = F.normalize(embeddings)
        logits = embeddings @ F.normalize(weight[drawn]).t()
        logits = SCALE * logits.masked_fill(labels[:, None] == drawn, -torch.inf)
        own = SCALE * ((embeddings * F.normalize(weight[labels])).sum(1) - MARGIN)
        return F.cross_entropy(torch.cat([own[:, None], logits], dim=1), torch.zeros_like(labels))

    return forward, torch.optim.AdamW([weight], lr=1e-3, weight_decay=0.2)


def build_partial_fc(args: argparse.Namespace) -> Step:
    """insightface's PartialFC_V2, from the user's file, on one process."""
    store = tempfile.NamedTemporaryFile()  # noqa: SIM115 (for the life of the process)
    backend = 'gloo' if args.device == 'cpu' else 'nccl'
    torch.distributed.init_process_group(backend, f'file://{store.name}', rank=0, world_size=1)
    if args.device == 'cpu':  # its code moves tensors to the GPU by name
        torch.Tensor.cuda = lambda tensor, *_, **__: tensor
    spec = importlib.util.spec_from_file_location('partial_fc_v2', args.partial_fc)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def margin(logits: Tensor, labels: Tensor) -> Tensor:
        row = torch.where(labels != -1)[0]
        logits[row, labels[row].view(-1)] -= MARGIN
        return logits * SCALE

    head = module.PartialFC_V2(margin, args.embed_dims, args.num_classes, args.sample_ratio).to(args.device).train()
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-3, weight_decay=0.2)
    return lambda embeddings, labels: head(embeddings, labels.clone()), optimizer


BUILDERS = {OURS: build_ours, OURS_BF16: lambda args: build_ours(args, half=True), DENSE: build_dense,
            PARTIAL_FC: build_partial_fc}


class Memory:
    """Peak memory above what is there at the start, in MiB."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.before = self._read(reset=True)[0]

    def peak(self) -> float:
        """Since the start."""
        return (self._read()[1] - self.before) / 2**20

    def _read(self, reset: bool = False) -> Tuple[int, int]:
        if self.device != 'cpu':
            if reset:
                torch.cuda.reset_peak_memory_stats()
            return torch.cuda.memory_allocated(), torch.cuda.max_memory_allocated()
        from mmrice.utils.timing import resident_memory
        return resident_memory(reset)


def run(name: str, args: argparse.Namespace, threads: int) -> Dict[str, Any]:
    """Build a contender and measure its steps, in this process."""
    warnings.filterwarnings('ignore')
    torch.set_num_threads(threads)
    forward, optimizer = BUILDERS[name](args)
    embeddings, labels = batch(args)
    synchronize = torch.cuda.synchronize if args.device != 'cpu' else (lambda: None)
    times: List[List[float]] = []
    memory = None
    for step in range(2 + args.repeats):
        if step == 2:
            optimizer.zero_grad()
            for state in optimizer.state.values():  # all of it in memory, not only what has been used so far
                for value in state.values():
                    value.add_(0)
            memory = Memory(args.device)
        ticks = [time.perf_counter()]
        inputs = embeddings.clone().requires_grad_()
        for part in (lambda: forward(inputs, labels), lambda: loss.backward(), optimizer.step):  # noqa: B023
            result = part()
            loss = result if result is not None else None
            synchronize()
            ticks.append(time.perf_counter())
        optimizer.zero_grad()
        times.append([1e3 * (end - start) for start, end in zip(ticks, ticks[1:])])
    peak = memory.peak()
    parts = [median(column) for column in zip(*times[2:])]
    total = median(sum(row) for row in times[2:])
    flops = 6 * args.num_regions * args.embed_dims * int(args.num_classes * args.sample_ratio)
    return dict(head=name, forward_ms=parts[0], backward_ms=parts[1], optimizer_ms=parts[2], step_ms=total,
                peak_mib=peak, gflops_per_s=flops / total / 1e6)


def main() -> None:
    """Measure, print and write."""
    args = parse_args()
    from mmrice.utils.bench_json import print_table, write_bench_json
    names = [OURS, OURS_BF16, DENSE] + ([PARTIAL_FC] if args.partial_fc else [])
    if args.only:
        wanted = dict(zip(('mmrice', 'mmrice-bf16', 'dense', 'partial-fc'), BUILDERS))
        names = [name for name in names if name in {wanted[key] for key in args.only}]
    rows = []
    for name in names:
        with ProcessPoolExecutor(1, multiprocessing.get_context('spawn')) as pool:
            try:
                rows.append(pool.submit(run, name, args, torch.get_num_threads()).result())
            except BrokenProcessPool as error:
                raise UserError(f'{name}: its process was killed, probably for memory. Lower --num-classes or '
                                '--num-regions, or leave it out with --only.') from error
        print(f'{name}: {rows[-1]["step_ms"]:,.0f} ms a step', flush=True)
    found = {row['head']: row for row in rows}
    ratios = {}
    for baseline, key in ((DENSE, 'dense'), (PARTIAL_FC, 'partial_fc')):
        for name, suffix in ((OURS, ''), (OURS_BF16, '_bf16')):
            if {name, baseline} <= set(found):
                ratios[f'time{suffix}_vs_{key}'] = found[name]['step_ms'] / found[baseline]['step_ms']
            if {name, baseline} <= set(found) and found[baseline]['peak_mib'] > 0:
                ratios[f'memory{suffix}_vs_{key}'] = found[name]['peak_mib'] / found[baseline]['peak_mib']
    print()
    print_table(rows, COLUMNS)
    print('\n' + '\n'.join(f'{name:<28}{value:.3f}' for name, value in ratios.items()))
    if args.json:
        setup = {key: getattr(args, key) for key in ('num_classes', 'embed_dims', 'num_regions', 'sample_ratio',
                                                     'device', 'repeats')}
        write_bench_json(args.json, ratios, rows, env=setup)
        print(f'results: {args.json}')


if __name__ == '__main__':
    run_cli(main)

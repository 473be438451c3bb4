#!/usr/bin/env python
"""How time, memory and traffic of a step of cluster discrimination grow with classes and with processes, on a CPU.

A step is forward, backward and SparseAdamW of ClusterDiscriminationHead with object centres alone, in float32. First
one process with each number of classes; then each number of processes with one number of classes, the threads shared
out among them, so that the machine's compute stays the same and what changes is the price of splitting. Memory is the
peak of a process above its centres and their optimizer state, of the process with most. Exponents are slopes of least
squares through the logarithms: 1 is linear, 0 constant.

Example:
    python tools/analysis_tools/benchmark_head_scaling.py --num-classes 10000 100000 --processes 1 2 --json scaling.json
"""
import argparse
import time
from pathlib import Path
from statistics import median
from typing import Any, Dict, Optional, Sequence, Tuple

import torch

import mmrice  # noqa: F401  (before a host)
from mmrice.utils import UserError, atomic_path, run_cli

COLUMNS = {'num_classes': 'classes', 'processes': 'processes', 'threads': 'threads each', 'forward_ms': 'forward, ms',
           'backward_ms': 'backward, ms', 'optimizer_ms': 'AdamW, ms', 'step_ms': 'step, ms',
           'peak_mib': 'peak memory, MiB', 'sent_mib': 'sent by a rank, MiB'}
WARM_UP, PAGE_MIB = 2, 4 / 2**10
PROCESS_BYTES = 400 * 2**20  # Python, torch and what a step takes whatever the number of classes
Row = Dict[str, Any]


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--num-classes', type=int, nargs='+', default=[10_000, 100_000, 1_000_000, 4_000_000],
                        metavar='K', help='on one process (default: 10000 100000 1000000 4000000)')
    parser.add_argument('--processes', type=int, nargs='+', default=[1, 2, 4], metavar='W', help='default: 1 2 4')
    parser.add_argument('--split-classes', type=int, metavar='K', help='classes split over processes (default: 1000000 '
                        'if it is among --num-classes, else the most of them)')
    parser.add_argument('--embed-dims', type=int, default=128, metavar='D', help='default: 128')
    parser.add_argument('--num-regions', type=int, default=1280, metavar='R', help='of all processes (default: 1280)')
    parser.add_argument('--sample-ratio', type=float, default=0.1, metavar='RHO', help='default: 0.1')
    parser.add_argument('--repeats', type=int, default=3, metavar='N', help='steps that count (default: 3)')
    parser.add_argument('--json', type=Path, metavar='PATH', help='write ratios and rows as JSON')
    parser.add_argument('--plot', type=Path, metavar='PATH', help='write the curves as a picture')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    args = parser.parse_args()
    args.num_classes, args.processes = sorted(set(args.num_classes)), sorted(set(args.processes))
    if args.split_classes is None:
        args.split_classes = 1_000_000 if 1_000_000 in args.num_classes else args.num_classes[-1]
    for name in ('num_classes', 'processes', 'split_classes', 'embed_dims', 'num_regions', 'repeats'):
        value = getattr(args, name)
        least = min(value) if isinstance(value, list) else value
        if least < 1:
            raise UserError(f'--{name.replace("_", "-")}: expected 1 or more, found {least}.')
    if len(args.num_classes) < 2:
        raise UserError('--num-classes: expected two different numbers or more, to see how time grows.')
    if not 0 < args.sample_ratio <= 1:
        raise UserError(f'--sample-ratio: expected a number in (0, 1], found {args.sample_ratio}.')
    if args.plot and args.plot.suffix not in ('.png', '.svg', '.pdf'):
        raise UserError(f'--plot: {args.plot} must end in .png, .svg or .pdf.')
    return args


def available_bytes() -> Optional[int]:
    """Memory that processes may still take: the machine's, or less where their control group has a limit."""
    try:
        lines = Path('/proc/meminfo').read_text().splitlines()
        limits = [1024 * int(line.split()[1]) for line in lines if line.startswith('MemAvailable')]
    except OSError:
        return None
    for limit, usage in (('memory.max', 'memory.current'), ('memory/memory.limit_in_bytes',
                                                            'memory/memory.usage_in_bytes')):
        try:
            limits.append(int(Path('/sys/fs/cgroup', limit).read_text()) -
                          int(Path('/sys/fs/cgroup', usage).read_text()))
        except (OSError, ValueError):  # no such group, or 'max'
            continue
    return min(limits, default=None)


def needed_bytes(args: argparse.Namespace, num_classes: int, processes: int) -> int:
    """Memory of a run: centres, two moments and a count; the gradient of the rows that take part, twice."""
    rows = min(num_classes, int(num_classes * args.sample_ratio) + args.num_regions)
    return (num_classes * (12 * args.embed_dims + 4) + 2 * rows * (4 * args.embed_dims + 16) +
            processes * (PROCESS_BYTES + 24 * args.num_regions * args.embed_dims))


def check_memory(args: argparse.Namespace, runs: Sequence[Tuple[int, int]]) -> None:
    """Refuse a run that would be killed."""
    available = available_bytes()
    for num_classes, processes in runs:
        needed = needed_bytes(args, num_classes, processes)
        if available is not None and needed > available:
            raise UserError(f'{num_classes:,} classes of {args.embed_dims} dims on {processes} processes need about '
                            f'{needed / 2**30:.1f} GiB of memory, {available / 2**30:.1f} GiB are available. '
                            'Lower --num-classes or --embed-dims.')


def measure_rank(rank: int, world_size: int, num_classes: int, threads: int, settings: Dict[str, Any]) -> Row:
    """Steps of one process: medians in ms, peak in MiB, bytes sent in a step."""
    from torch import distributed

    from mmrice.engine import SparseAdamW
    from mmrice.models import ClusterDiscriminationHead
    from mmrice.parallel import shard_rows
    from mmrice.parallel.traffic import count_traffic
    from mmrice.utils.timing import resident_memory
    torch.set_num_threads(threads)
    regions, dims = settings['num_regions'], settings['embed_dims']
    head = ClusterDiscriminationHead(dims, dict(num_classes=num_classes), sample_ratio=settings['sample_ratio'])
    optimizer = SparseAdamW(head.parameters(), lr=1e-3, weight_decay=0.2)
    generator, own = torch.Generator().manual_seed(0), shard_rows(regions, rank, world_size)
    embeddings = torch.randn(regions, dims, generator=generator)[own.start:own.stop]
    labels = torch.randint(0, num_classes, (regions, 1), generator=generator)[own.start:own.stop]
    kinds = torch.zeros(len(labels), dtype=torch.int64)
    times, before = [], 0
    for step in range(WARM_UP + settings['repeats']):
        if step == WARM_UP:
            for state in optimizer.state.values():  # all of it in memory, not only what has been used so far
                for value in state.values():
                    value.add_(0)
            before = resident_memory(reset_peak=True)[0]
        distributed.barrier()
        ticks = [time.perf_counter()]
        with count_traffic() as sent:
            loss = head.loss(embeddings.clone().requires_grad_(), kinds, labels)['loss_object']
            ticks.append(time.perf_counter())
            loss.backward()
            ticks.append(time.perf_counter())
            optimizer.step()
            ticks.append(time.perf_counter())
        distributed.barrier()  # the step is over when the slowest is done
        whole = time.perf_counter() - ticks[0]
        optimizer.zero_grad()
        times.append([1e3 * (end - start) for start, end in zip(ticks, ticks[1:])] + [1e3 * whole])
    names = ('forward_ms', 'backward_ms', 'optimizer_ms', 'step_ms')
    return dict(zip(names, map(median, zip(*times[WARM_UP:]))), peak_mib=(resident_memory()[1] - before) / 2**20,
                sent_bytes=sum(sent.values()))


def measure(args: argparse.Namespace, num_classes: int, processes: int) -> Row:
    """Run all processes and put their findings together: each number is that of the rank with the most."""
    from mmrice.parallel.traffic import head_traffic
    from mmrice.testing.distributed import RankError, run_ranks
    threads = max(1, torch.get_num_threads() // processes)
    settings = {name: getattr(args, name) for name in ('num_regions', 'embed_dims', 'sample_ratio', 'repeats')}
    try:
        ranks = run_ranks(measure_rank, processes, num_classes, threads, settings, timeout=3600)
    except RankError as error:
        if args.debug:
            raise
        last = str(error).strip().splitlines()[-1]
        raise UserError(f'{num_classes:,} classes on {processes} processes: {last} (--debug shows all)') from error
    found = {key: max(rank[key] for rank in ranks) for key in ranks[0]}
    formula = sum(head_traffic(args.num_regions, args.embed_dims, 1, processes, 'gloo').values())
    return dict(num_classes=num_classes, processes=processes, threads=threads, **found,
                sent_mib=found['sent_bytes'] / 2**20, formula_bytes=formula)


def exponent(rows: Sequence[Row], x: str, y: str) -> float:
    """Slope of the straight line of least squares through log y over log x."""
    logs = torch.tensor([[row[x], max(row[y], PAGE_MIB)] for row in rows], dtype=torch.float64).log()
    logs -= logs.mean(0)
    return float((logs[:, 0] * logs[:, 1]).sum() / logs[:, 0].square().sum())


def summarise(alone: Sequence[Row], split: Sequence[Row]) -> Dict[str, float]:
    """Exponents over classes and over processes, and what was sent over what the formula says."""
    ratios = dict(time_exponent=exponent(alone, 'num_classes', 'step_ms'),
                  memory_exponent=exponent(alone, 'num_classes', 'peak_mib'),
                  time_exponent_last_two=exponent(alone[-2:], 'num_classes', 'step_ms'),
                  memory_exponent_last_two=exponent(alone[-2:], 'num_classes', 'peak_mib'))
    if len(split) > 1:
        ratios.update(time_exponent_of_processes=exponent(split, 'processes', 'step_ms'),
                      memory_exponent_of_processes=exponent(split, 'processes', 'peak_mib'))
    for row in split:
        if row['processes'] > 1:
            ratios[f'sent_vs_formula_{row["processes"]}_processes'] = row['sent_bytes'] / row['formula_bytes']
    return ratios


def plot(alone: Sequence[Row], split: Sequence[Row], ratios: Dict[str, float], path: Path) -> None:
    """Draw time and memory over classes and over processes, all axes logarithmic."""
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot
    figure, panels = pyplot.subplots(2, 2, figsize=(9, 6), layout='constrained')
    for column, (rows, x, suffix) in enumerate(((alone, 'num_classes', ''), (split, 'processes', '_of_processes'))):
        for axes, key, name, label in zip(panels[:, column], ('step_ms', 'peak_mib'), ('time', 'memory'), (
                'ms a step', 'peak MiB above centres and state')):
            found = ratios.get(f'{name}_exponent{suffix}')
            axes.loglog([row[x] for row in rows], [max(row[key], PAGE_MIB) for row in rows], marker='o',
                        label=f'exponent {found:.2f}' if found is not None else None)
            axes.set(xlabel='classes, one process' if x == 'num_classes' else
                     f'processes, {rows[0]["num_classes"]:,} classes', ylabel=label)
            axes.set_xticks([row[x] for row in rows], [f'{row[x]:,}' for row in rows])
            axes.tick_params(axis='x', which='minor', bottom=False, labelbottom=False)
            low, high = axes.get_ylim()
            axes.set_ylim(low / 2, high * 2)  # so that noise does not fill the panel
            axes.grid(alpha=0.3)
            if found is not None:
                axes.legend()
    with atomic_path(path) as part:
        figure.savefig(part, dpi=110, format=path.suffix[1:])


def main() -> None:
    """Measure, print and write."""
    args = parse_args()
    from mmrice.utils.bench_json import print_table, write_bench_json
    runs = list(dict.fromkeys([*((number, 1) for number in args.num_classes),
                               *((args.split_classes, number) for number in args.processes)]))
    check_memory(args, runs)
    found = {}
    for run in runs:
        found[run] = measure(args, *run)
        print(f'{run[0]:,} classes, {run[1]} processes: {found[run]["step_ms"]:,.0f} ms a step', flush=True)
    alone = [found[number, 1] for number in args.num_classes]
    split = [found[args.split_classes, number] for number in args.processes]
    ratios = summarise(alone, split)
    print()
    print_table(list(found.values()), COLUMNS)
    print('\n' + '\n'.join(f'{name:<36}{value:.3f}' for name, value in ratios.items()))
    if args.plot:
        plot(alone, split, ratios, args.plot)
        print(f'plot: {args.plot}')
    if args.json:
        setup = {key: getattr(args, key) for key in ('embed_dims', 'num_regions', 'sample_ratio', 'repeats')}
        write_bench_json(args.json, ratios, list(found.values()), env=setup)
        print(f'results: {args.json}')


if __name__ == '__main__':
    run_cli(main)

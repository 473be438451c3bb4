#!/usr/bin/env python
"""How time and memory of clustering and labelling grow with the number of centres, extrapolated to a million.

The data are drawn: directions around random centres, float16. Each fit runs in a process of its own with all cores;
peak memory is what it takes above the sample. Labelling is stage label on one shard, in a process of its own with one
thread, as a worker has it; beside it the matrix product of the regions with the centres alone, in blocks, and labels
from 16 cells. Exponents are slopes through the logarithms of the last two sizes: 1 is linear. The time of a fit is
linear in --points-per-center and in --iterations + 1. Rows marked 'extrapolated' were not run: they take the measured
exponent, or that of the operations where it is larger (small sizes hide the growth behind fixed costs).

Example:
    python tools/analysis_tools/benchmark_clustering.py --num-clusters 1000 4000 --dim 64 --json clustering.json
"""
import argparse
import math
import multiprocessing
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Callable, Dict, Iterator, List

import numpy as np

import mmrice  # noqa: F401  (registers scopes and stand-ins before a host is imported)
from mmrice.utils import UserError, run_cli

TYPES = {'flat': 'mmrice.FaissKMeans', 'hierarchical': 'mmrice.HierarchicalKMeans'}
COLUMNS = {'method': 'method', 'num_clusters': 'centres', 'regions': 'regions seen', 'fit_s': 'fit, s',
           'peak_mib': 'peak memory, MiB', 'sample_mib': 'sample, MiB', 'mean_cosine': 'mean cosine',
           'label_us': 'label, us a region', 'label_matmul_share': 'matrix product / label',
           'cells_us': 'label from 16 cells, us', 'recall': 'recall', 'extrapolated': 'extrapolated'}
# What grows, and how its operations or bytes do in the number of centres.
EXPECTED = {'flat': {'fit_s': 2.0, 'peak_mib': 1.0, 'label_us': 1.0, 'cells_us': 0.5},
            'hierarchical': {'fit_s': 1.5, 'peak_mib': 1.0, 'label_us': 1.0, 'cells_us': 0.5}}
THREADS = ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS')
REGIONS_AN_IMAGE, CELLS, BLOCK = 16, 16, (1024, 1024)
Row = Dict[str, Any]


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--num-clusters', type=int, nargs='+', default=[1000, 10_000, 100_000], metavar='K',
                        help='default: 1000 10000 100000')
    parser.add_argument('--method', nargs='+', default=list(TYPES), choices=list(TYPES), help='default: both')
    parser.add_argument('--dim', type=int, default=128, metavar='D', help='default: 128')
    parser.add_argument('--points-per-center', type=int, default=16, metavar='P', help='in the sample (default: 16)')
    parser.add_argument('--iterations', type=int, default=2, metavar='N', help='of Lloyd (default: 2)')
    parser.add_argument('--num-regions', type=int, default=16_384, metavar='R', help='labelled (default: 16384)')
    parser.add_argument('--repeats', type=int, default=3, metavar='N', help='of labelling (default: 3)')
    parser.add_argument('--target', type=int, default=1_000_000, metavar='K', help='extrapolate to (default: 1000000)')
    parser.add_argument('--json', type=Path, metavar='PATH', help='write ratios and rows as JSON')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    args = parser.parse_args()
    args.num_clusters, args.method = sorted(set(args.num_clusters)), list(dict.fromkeys(args.method))
    for name in ('num_clusters', 'dim', 'points_per_center', 'iterations', 'num_regions', 'repeats', 'target'):
        value = getattr(args, name)
        least = min(value) if isinstance(value, list) else value
        if least < 1:
            raise UserError(f'--{name.replace("_", "-")}: expected 1 or more, found {least}.')
    if len(args.num_clusters) < 2:
        raise UserError('--num-clusters: expected two different numbers or more, to see how time grows.')
    return args


def draw_rows(count: int, num_modes: int, dim: int, seed: int) -> np.ndarray:
    """Directions around random centres, which lie around 1,000 others; shape (count, dim), float16."""
    rng = np.random.default_rng(0)
    modes = rng.standard_normal((1000, dim), np.float32)[np.arange(num_modes) % 1000]
    modes += 0.7 * rng.standard_normal((num_modes, dim), np.float32)
    rng, rows = np.random.default_rng([1, seed]), np.empty((count, dim), np.float16)
    for start in range(0, count, 65_536):
        part = rows[start:start + 65_536]
        block = modes[rng.integers(0, num_modes, len(part))] + 0.7 * rng.standard_normal(part.shape, np.float32)
        part[:] = block / np.linalg.norm(block, axis=1, keepdims=True)
    return rows


def measure_fit(method: str, num_clusters: int, args: argparse.Namespace, folder: Path) -> Row:
    """Fit in this process and leave the centres in ``folder``."""
    from mmrice.data_engine.clustering.clusters import save_clusters
    from mmrice.data_engine.parts import build_part
    from mmrice.data_engine.workspace import Workspace
    from mmrice.utils.timing import resident_memory
    rows = draw_rows(num_clusters * args.points_per_center, num_clusters, args.dim, seed=0)
    clusterer = build_part(dict(type=TYPES[method], num_clusters=num_clusters, iterations=args.iterations,
                                max_points_per_centroid=args.points_per_center), 'cluster')
    clusterer.fit(rows[:num_clusters])  # imports and threads
    before = resident_memory(reset_peak=True)[0]
    start = perf_counter()
    clusters = clusterer.fit(rows)
    took = perf_counter() - start
    peak = resident_memory()[1] - before
    save_clusters(Workspace(folder), clusters)
    return dict(method=method, num_clusters=num_clusters, regions=len(rows), fit_s=took, peak_mib=peak / 2**20,
                sample_mib=rows.nbytes / 2**20, mean_cosine=clusters.report['mean_cosine'],
                recall=clusters.report['recall_of_cells'].get(str(CELLS)))


def measure_label(num_clusters: int, args: argparse.Namespace, folder: Path) -> Row:
    """Stage label on one shard, the matrix product that it needs, and stage label from the nearest cells."""
    from mmrice.data_engine.clustering import FaissKMeans
    from mmrice.data_engine.stages.label import label_shard
    from mmrice.data_engine.workspace import Workspace, write_tar
    from mmrice.utils.timing import time_in_turn
    space, count = Workspace(folder), args.num_regions
    rows, images = draw_rows(count, num_clusters, args.dim, seed=1), -(-count // REGIONS_AN_IMAGE)
    per_image = np.diff(np.linspace(0, count, images + 1).round().astype(np.int64))
    space.work('x').parent.mkdir(exist_ok=True)
    np.save(space.work('000000', 'embed', 'npy'), rows)
    np.savez(space.work('000000', 'propose', 'npz'), counts=per_image, scores=np.ones(count, np.float32),
             boxes=np.tile(np.array([[0, 0, 64, 64]], np.float32), (count, 1)))
    write_tar(space.tar('000000'), [(f'{number:08d}', b'') for number in range(images)])
    regions, centers = rows.astype(np.float32), np.load(folder / 'centers.npy')
    product = np.empty(BLOCK, np.float32)

    def multiply() -> None:
        for row in range(0, count, BLOCK[0]):
            some = regions[row:row + BLOCK[0]]
            for center in range(0, num_clusters, BLOCK[1]):
                others = centers[center:center + BLOCK[1]]
                np.matmul(some, others.T, out=product[:len(some), :len(others)])

    clusterer = FaissKMeans(num_clusters)

    def label(assign: Any) -> Callable[[], object]:
        extra = dict(kind='object', top_k=None, vocabulary=None, texts=(), centers='', assign=assign)
        return lambda: label_shard(clusterer, space, '000000', extra)

    times = time_in_turn(dict(product=multiply, label=label('exact'), cells=label(CELLS)), args.repeats, warmup=1)
    micro = {name: 1e6 * median(seconds) / count for name, seconds in times.items()}
    return dict(label_us=micro['label'], product_us=micro['product'], cells_us=micro['cells'],
                label_matmul_share=median(a / b for a, b in zip(times['product'], times['label'])))


@contextmanager
def one_thread() -> Iterator[None]:
    """Processes started meanwhile use one thread for their maths, as workers do."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, '1'))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def in_process(function: Callable[..., Row], *arguments: Any) -> Row:
    """Run a function in a process of its own."""
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        return pool.apply(function, arguments)


def measure(method: str, num_clusters: int, args: argparse.Namespace) -> Row:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as name:
        row = in_process(measure_fit, method, num_clusters, args, Path(name))
        with one_thread():
            row.update(in_process(measure_label, num_clusters, args, Path(name)))
    return row


def exponent(rows: List[Row], key: str) -> float:
    """Slope through the logarithms of the last two rows."""
    a, b = rows[-2:]
    return math.log(max(b[key], 1e-9) / max(a[key], 1e-9)) / math.log(b['num_clusters'] / a['num_clusters'])


def extrapolate(rows: List[Row], target: int) -> Row:
    """What the exponents say of more centres."""
    last, expected = rows[-1], EXPECTED[rows[-1]['method']]
    factor = target / last['num_clusters']
    return dict(method=last['method'], num_clusters=target, regions=round(last['regions'] * factor),
                sample_mib=last['sample_mib'] * factor, extrapolated=True,
                **{key: last[key] * factor**max(exponent(rows, key), least) for key, least in expected.items()})


def summarise(rows: Dict[str, List[Row]]) -> Dict[str, float]:
    """Exponents, the share of the matrix product, and hierarchical over flat at the most centres."""
    ratios: Dict[str, float] = {}
    for method, found in rows.items():
        for name, key in (('time', 'fit_s'), ('memory', 'peak_mib'), ('label', 'label_us')):
            ratios[f'{method}_{name}_exponent'] = exponent(found, key)
    last = {method: found[-1] for method, found in rows.items()}
    some = next(iter(rows.values()))
    ratios['label_matmul_share'] = some[-1]['label_matmul_share']
    ratios.update({f'label_matmul_share_{row["num_clusters"]}': row['label_matmul_share'] for row in some})
    if len(last) == 2:
        ratios['hierarchical_fit_speedup'] = last['flat']['fit_s'] / last['hierarchical']['fit_s']
        ratios['hierarchical_mean_cosine_vs_flat'] = last['hierarchical']['mean_cosine'] / last['flat']['mean_cosine']
    return ratios


def main() -> None:
    """Measure, print and write."""
    args = parse_args()
    from mmrice.utils.bench_json import print_table, write_bench_json
    rows: Dict[str, List[Row]] = {method: [] for method in args.method}
    for num_clusters in args.num_clusters:
        for method in args.method:
            row = measure(method, num_clusters, args)
            rows[method].append(row)
            print(f'{method}, {num_clusters:,} centres: fit {row["fit_s"]:,.1f} s, label {row["label_us"]:,.1f} us a '
                  'region', flush=True)
    ratios = summarise(rows)
    shown = [row for method in args.method for row in rows[method]]
    if args.target > args.num_clusters[-1]:
        shown += [extrapolate(rows[method], args.target) for method in args.method]
    print()
    print_table(shown, COLUMNS)
    print('\n' + '\n'.join(f'{name:<36}{value:.3f}' for name, value in ratios.items()) + '\n')
    for row in shown:
        if row.get('extrapolated'):
            hours = row['fit_s'] * 21 / (args.iterations + 1) / 3600
            print(f'{row["method"]}, {row["num_clusters"]:,} centres, {args.points_per_center} regions a centre, 20 '
                  f'iterations on this machine, extrapolated: {hours:,.1f} h and {row["peak_mib"] / 1024:,.1f} GiB '
                  f'above the sample of {row["sample_mib"] / 1024:,.1f} GiB; {row["label_us"] / 1e3:,.1f} ms a region '
                  'for exact labels on one core')
    if args.json:
        names = ('dim', 'points_per_center', 'iterations', 'num_regions', 'repeats')
        write_bench_json(args.json, ratios, shown, env={name: getattr(args, name) for name in names})
        print(f'results: {args.json}')


if __name__ == '__main__':
    run_cli(main)

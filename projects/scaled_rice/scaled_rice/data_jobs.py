"""The jobs of the data: scenes, splits, shards for each kind of pretraining, shards with other numbers of clusters."""
from pathlib import Path
from typing import Dict, List, Sequence

from mmrice.utils.job_pool import Job, near

from .budgets import PROJECT, Budget
from .contenders import CLUSTERS
from .jobs import TOOLS

_SEEDS = dict(pretraining=1, probes=2)


def data_jobs(budget: Budget, wanted: Sequence[str]) -> List[Job]:
    """The jobs, those that others wait for first.

    Args:
        budget: Sizes and folder.
        wanted: Parts that other jobs need, as 'data/images'; what these need is added.

    Returns:
        list[Job]: Named ``data/<part>``; outputs lie in the folder of the data.
    """
    every = _all_jobs(budget)
    kept = set()

    def keep(name: str) -> None:
        if name not in kept:
            kept.add(name)
            for other in every[name].needs:
                keep(other)

    for name in wanted:
        keep(name)
    return [job for name, job in every.items() if name in kept]


def _all_jobs(budget: Budget) -> Dict[str, Job]:
    root, sizes = Path(budget.settings['root']), budget.settings['scenes']
    prepare, build = near(PROJECT / 'prepare.py'), near(TOOLS / 'build_region_data.py')
    counts = dict(pretraining=(sizes['pretraining'], 1),
                  probes=(sizes['bank'] + sizes['validation'] + sizes['seen'], sizes['unseen']))
    jobs = []

    def add(part: str, output: str, *commands: Sequence[str], needs: Sequence[str] = ()) -> None:
        jobs.append(Job(f'data/{part}', tuple(('python', *command) for command in commands),
                        str((root / output).absolute()), tuple(f'data/{other}' for other in needs)))

    for part, (train, val) in counts.items():
        add(part, f'{part}/scenes/annotations/train.json',
            [near(TOOLS / 'dataset_converters' / 'prepare_mini.py'), '--out', str(root / part), '--num-train',
             str(train), '--num-val', str(val), '--size', str(sizes['side']), '--seed', str(_SEEDS[part])])
    add('splits', 'splits/trees_val.json',
        [prepare, 'splits', str(root), *(text for name in ('bank', 'validation', 'seen')
                                         for text in (f'--{name}', str(sizes[name])))], needs=['probes'])
    for part in ('regions', 'images', 'texts', 'umg'):
        add(part, f'{part}/meta.json', [build, near(PROJECT / 'engine' / f'{part}.py')], needs=['pretraining'])
    add('phrases', 'phrases/meta.json', [prepare, 'phrases', str(root / 'pretraining' / 'scenes')],
        [build, near(PROJECT / 'engine' / 'phrases.py')], needs=['pretraining'])
    add('oracle', 'oracle/meta.json',
        [prepare, 'oracle', str(root / 'pretraining' / 'scenes'), str(root / 'oracle')], needs=['pretraining'])
    for number in CLUSTERS[budget.name]:
        folder = str(root / f'clusters{number}')
        add(f'clusters{number}', f'clusters{number}/meta.json', [prepare, 'copy', str(root / 'regions'), folder],
            [build, near(PROJECT / 'engine' / 'regions.py'), '--out', folder, '--stages', 'cluster,label',
             '--cfg-options', f'engine.cluster.num_clusters={number}'], needs=['regions'])
    return {job.name: job for job in jobs}

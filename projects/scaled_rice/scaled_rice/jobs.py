"""The jobs: learning rates, main runs with their probes, sweeps. Those of the data are in :mod:`.data_jobs`."""
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

from mmrice.utils.job_pool import Job, near

from .budgets import PROJECT, Budget
from .contenders import CONTENDERS, sweeps

TOOLS = PROJECT.parents[1] / 'tools'
Command = Tuple[str, ...]
# probe -> config; those that are trained, and those that only compare
TRAINED = {'linear': 'linear_frozen-vit-mini_scaled-scenes', 'fcos': 'fcos_frozen-vit-mini_scaled-scenes',
           'fcos-trees': 'fcos_frozen-vit-mini_scaled-trees'}
COMPARED = {'regions': 'region-knn_vit-mini_scaled-scenes', 'words': 'region-knn_vit-mini_scaled-words',
            'regions-trees': 'region-knn_vit-mini_scaled-trees', 'images': 'knn_vit-mini_scaled-scenes'}
VALIDATION = 'region-knn_vit-mini_scaled-validation'
_PLACE = 'model.backbone.backbone.init_cfg'


def grid_jobs(budget: Budget, out: Path, contenders: Sequence[str]) -> List[Job]:
    """Short pretrainings at each learning rate, measured on the validation scenes.

    Args:
        budget: Its ``share`` of the iterations.
        out: Folder of all runs.
        contenders: Some of ``CONTENDERS``; those of fixed length have no learning rate.

    Returns:
        list[Job]: Named ``grid/<contender>/<learning rate>``.
    """
    jobs = []
    for name in contenders:
        for rate in budget.rates if not CONTENDERS[name].length else ():
            folder = f'grid/{name}/{rate:g}'
            commands = (pretrain(budget, out / folder, name, 0, rate, budget.share),
                        compare(out / folder, VALIDATION, out / folder / 'latest.pth'))
            jobs.append(Job(folder, commands, f'{folder}/{VALIDATION}.json', (shards(name), 'data/splits')))
    return jobs


def main_jobs(budget: Budget, out: Path, rates: Dict[str, float], seeds: Sequence[int]) -> List[Job]:
    """Pretrainings of each contender and seed, and the probes of each: ``main/<contender>/seed<n>/<probe>``.

    Args:
        budget: How long they are.
        out: Folder of all runs.
        rates: Learning rate of each contender.
        seeds: All contenders of a seed come before the next.
    """
    jobs = []
    for seed in seeds:
        for name, rate in rates.items():
            run = f'main/{name}/seed{seed}'
            folder, first = out / run / 'pretraining', f'{run}/pretraining'
            checkpoint = folder / 'latest.pth'
            jobs.append(Job(first, (pretrain(budget, folder, name, seed, rate), ), f'{first}/latest.pth',
                            (shards(name), )))
            for probe in TRAINED:
                place = f'{run}/{probe}'
                jobs.append(Job(place, train_probe(out / place, probe, checkpoint, seed), f'{place}/results.json',
                                (first, 'data/splits')))
            for probe, config in COMPARED.items():
                place = f'{run}/{probe}'
                jobs.append(Job(place, (compare(out / place, config, checkpoint, 'results'), ),
                                f'{place}/results.json', (first, 'data/splits')))
    return jobs


def sweep_jobs(budget: Budget, out: Path, rate: float) -> List[Job]:
    """Short pretrainings of RICE with one setting changed, and two probes: ``sweep/<what>/<value>/seed<n>``.

    The value of the main runs is the same run in all sweeps: ``sweep/base``.

    Args:
        budget: Its ``share`` of the iterations.
        out: Folder of all runs.
        rate: Learning rate.
    """
    variants = {'sweep/base': ()}
    for name, sweep in sweeps(budget.name).items():
        variants.update({sweep_folder(name, value): options for value, options in sweep.values.items() if options})
    jobs = []
    for seed in budget.sweep_seeds:
        for variant, options in variants.items():
            place = f'{variant}/seed{seed}'
            folder = out / place
            commands = (pretrain(budget, folder, 'rice', seed, rate, budget.share, options),
                        *train_probe(folder / 'linear', 'linear', folder / 'latest.pth', seed),
                        compare(folder / 'regions', COMPARED['regions'], folder / 'latest.pth', 'results'))
            source = next((option.rpartition('{root}')[2] for option in options if '{root}' in option), 'regions')
            jobs.append(Job(place, commands, f'{place}/regions/results.json', (f'data/{source}', 'data/splits')))
    return jobs


def sweep_folder(name: str, value: str) -> str:
    """Folder of a value of a sweep."""
    return f'sweep/{name}/{value.replace(", ", "-")}'


def shards(name: str) -> str:
    """The job of the data that a contender reads."""
    return f'data/{CONTENDERS[name].shards}'


def pretrain(budget: Budget, folder: Path, name: str, seed: int, rate: float, share: float = 1.,
             more: Sequence[str] = ()) -> Command:
    """The command of a pretraining."""
    own = CONTENDERS[name]
    iters = own.length or budget.iterations(share)
    warmup = max(1, iters // 20)
    options = [f'train_cfg.max_iters={iters}', f'param_scheduler.0.end={warmup}', f'param_scheduler.1.begin={warmup}',
               f'param_scheduler.1.end={iters + (iters == warmup)}', f'default_hooks.checkpoint.interval={iters}',
               f'optim_wrapper.optimizer.lr={rate:g}',
               *(option.format(root=budget.settings['root']) for option in (*own.options, *more))]
    return ('python', near(TOOLS / 'train.py'), near(PROJECT / 'configs' / f'{own.config}.py'), '--work-dir',
            str(folder), '--seed', str(seed), '--cfg-options', *options)


def train_probe(folder: Path, probe: str, checkpoint: Path, seed: int) -> Tuple[Command, Command]:
    """The commands of a probe that is trained, and its test."""
    config = near(PROJECT / 'configs' / f'{TRAINED[probe]}.py')
    return (('python', near(TOOLS / 'train.py'), config, '--work-dir', str(folder), '--no-validate', '--seed',
             str(seed), '--cfg-options', f'{_PLACE}.checkpoint={checkpoint}'),
            ('python', near(TOOLS / 'test.py'), config, str(folder / 'latest.pth'), '--work-dir', str(folder / 'test'),
             '--out', str(folder / 'results.json'), '--cfg-options', f'{_PLACE}=None'))


def compare(folder: Path, config: str, checkpoint: Path, name: str = VALIDATION) -> Command:
    """The command of a probe without training."""
    return ('python', near(TOOLS / 'test.py'), near(PROJECT / 'configs' / f'{config}.py'), str(checkpoint),
            '--work-dir', str(folder / 'test'), '--out', str(folder / f'{name}.json'))

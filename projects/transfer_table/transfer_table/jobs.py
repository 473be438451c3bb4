"""The jobs of a table: pretraining, then training and testing of each task from each initial weights and seed."""
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Sequence

from mmrice.utils.job_pool import Job, near

PROJECT = Path(__file__).resolve().parents[1]
TOOLS = PROJECT.parents[1] / 'tools'
INITS = ('random', 'mlcd', 'rice')
PRETRAIN = dict(rice='rice_vit-mini_table-regions', mlcd='mlcd_vit-mini_table-images')


@dataclass(frozen=True)
class Task:
    """A task.

    Attributes:
        config: In the project's ``configs``.
        encoder: Where the config has the encoder.
        title: For people.
        metric: Of results.json.
        scale: By which it becomes percent.
    """
    config: str
    encoder: str
    title: str
    metric: str
    scale: float


TASKS = {
    'linear-frozen': Task('linear_frozen-rice-vit-mini_table-scenes', 'model.backbone.backbone',
                          'Linear segmentation, encoder frozen', 'mIoU', 1.),
    'upernet-tuned': Task('upernet_rice-vit-mini_table-scenes', 'model.backbone', 'UPerNet, encoder trained along',
                          'mIoU', 1.),
    'faster-rcnn-frozen': Task('faster-rcnn_frozen-rice-vit-mini_table-scenes', 'model.backbone.backbone',
                               'Faster R-CNN, encoder frozen', 'coco/bbox_mAP', 100.),
    'faster-rcnn-tuned': Task('faster-rcnn_rice-vit-mini_table-scenes', 'model.backbone',
                              'Faster R-CNN, encoder trained along', 'coco/bbox_mAP', 100.),
}


@dataclass(frozen=True)
class Budget:
    """How long everything trains.

    Attributes:
        pretrain: Iterations of pretraining.
        pretrain_batch: Images of each.
        train: Iterations of each task.
        batch: Images of each.
        workers: Loader processes of pretraining.
    """
    pretrain: int
    pretrain_batch: int
    train: int
    batch: int
    workers: int


BUDGETS = {
    'smoke': Budget(2, 4, 2, 2, 0),
    'cpu': Budget(1000, 32, 300, 16, 1),
    'gpu': Budget(1500, 64, 400, 16, 1),
}


def length_options(iters: int, batch: int, workers: int) -> List[str]:
    """``--cfg-options`` of a training's length; a twentieth of it, two iterations at least, is warm-up."""
    warmup = max(2, iters // 20)
    options = [f'train_cfg.max_iters={iters}', f'param_scheduler.0.end={warmup}', f'param_scheduler.1.begin={warmup}',
               f'param_scheduler.1.end={max(iters, warmup + 1)}', f'default_hooks.checkpoint.interval={iters}',
               f'train_dataloader.batch_size={batch}', f'train_dataloader.num_workers={workers}']
    return options if workers else [*options, 'train_dataloader.persistent_workers=False']


def make_jobs(budget: Budget, out: Path, tasks: Sequence[str] = tuple(TASKS), inits: Sequence[str] = INITS,
              seeds: Sequence[int] = (0, 1, 2)) -> Dict[str, Job]:
    """The jobs, those that others wait for first.

    Args:
        budget: How long they train.
        out: Folder of all runs.
        tasks: Some of ``TASKS``.
        inits: Some of ``INITS``.
        seeds: Each pretrains once and trains each task once.

    Returns:
        dict: Name -> job.
    """
    jobs = [pretrain_job(budget, out, init, seed) for init in inits if init != 'random' for seed in seeds]
    jobs += [task_job(budget, out, task, init, seed) for init in inits for seed in seeds for task in tasks]
    return {job.name: job for job in jobs}


def pretrain_job(budget: Budget, out: Path, init: str, seed: int) -> Job:
    """Pretraining of an encoder."""
    name = f'pretrain/{init}/seed{seed}'
    options = length_options(budget.pretrain, budget.pretrain_batch, budget.workers)
    train = ('python', near(TOOLS / 'train.py'), near(PROJECT / 'configs' / f'{PRETRAIN[init]}.py'), '--work-dir',
             str(out / name), '--seed', str(seed), '--cfg-options', *options)
    return Job(name, (train, ), f'{name}/latest.pth')


def task_job(budget: Budget, out: Path, task: str, init: str, seed: int) -> Job:
    """Training and testing of a task."""
    name, config = f'{task}/{init}/seed{seed}', near(PROJECT / 'configs' / f'{TASKS[task].config}.py')
    place, folder, source = f'{TASKS[task].encoder}.init_cfg', out / name, f'pretrain/{init}/seed{seed}'
    start = f'{place}=None' if init == 'random' else f'{place}.checkpoint={out / source / "latest.pth"}'
    options = length_options(budget.train, budget.batch, min(budget.workers, 1))
    test_workers = [] if budget.workers else ['test_dataloader.num_workers=0']
    train = ('python', near(TOOLS / 'train.py'), config, '--work-dir', str(folder), '--no-validate', '--seed',
             str(seed), '--cfg-options', start, *options)
    test = ('python', near(TOOLS / 'test.py'), config, str(folder / 'latest.pth'), '--work-dir', str(folder / 'test'),
            '--out', str(folder / 'results.json'), '--cfg-options', f'{place}=None', *test_workers)
    return Job(name, (train, test), f'{name}/results.json', () if init == 'random' else (source, ))

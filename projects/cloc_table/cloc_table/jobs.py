"""The jobs of the table: pretraining of each contender and seed, then two tests of it."""
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

from mmrice.utils.job_pool import Job, near

PROJECT = Path(__file__).resolve().parents[1]
TOOLS = PROJECT.parents[1] / 'tools'
ROI_ALIGN = ('model.neck._delete_=True', 'model.neck.type=mmrice.RoIAlignPooling', 'model.neck.in_channels=192',
             'model.neck.out_channels=128', 'model.neck.patch_size=16')
CONFIG = '{}_cloc-vit-tiny_cloc-table.py'


@dataclass(frozen=True)
class Contender:
    """What is compared.

    Attributes:
        title: For people.
        train: Options of the pretraining.
        test: Options of the tests that embed regions.
        grounds: Whether boxes for phrases are measured.
    """
    title: str
    train: Tuple[str, ...] = ()
    test: Tuple[str, ...] = ()
    grounds: bool = True


CONTENDERS = {
    'clip': Contender('CLIP; boxes are cut out and encoded', ('model.neck=None', 'model.head.region_weight=0.'),
                      ('model.neck=None', 'model.pooling=crop'), False),
    'cloc': Contender('CLOC'),
    'cloc-all': Contender("CLOC, Prompter(pool='all')", ('model.neck.pool=all', ), ('model.neck.pool=all', )),
    'roi-align': Contender('RoIAlign in place of the Prompter', (*ROI_ALIGN, 'model.head.grounding_weight=0.'),
                           ROI_ALIGN, False),
    'no-filter': Contender('CLOC without the text filter', ('model.head.text_filter=None', )),
    'no-grounding': Contender('CLOC without grounding',
                              ('model.neck.grounding=False', 'model.head.grounding_weight=0.'),
                              ('model.neck.grounding=False', ), False),
}


def make_jobs(out: Path, contenders: Sequence[str] = tuple(CONTENDERS), seeds: Sequence[int] = (0, 1, 2),
              iters: int = 500) -> Dict[str, Job]:
    """The jobs, one for each contender and seed, all of a seed before the next.

    Args:
        out: Folder of all runs.
        contenders: Some of ``CONTENDERS``.
        seeds: Of weights, order of images and draws.
        iters: Iterations of pretraining; a tenth of them is warm-up.

    Returns:
        dict: Name -> job.
    """
    jobs = [_job(out, name, seed, iters) for seed in seeds for name in contenders]
    return {job.name: job for job in jobs}


def _job(out: Path, name: str, seed: int, iters: int) -> Job:
    own, folder, place = CONTENDERS[name], out / name / f'seed{seed}', f'{name}/seed{seed}'
    warmup = max(2, iters // 10)
    length = (f'train_cfg.max_iters={iters}', f'param_scheduler.0.end={warmup}', f'param_scheduler.1.begin={warmup}',
              f'param_scheduler.1.end={iters}', f'default_hooks.checkpoint.interval={iters}')
    train = ('python', near(TOOLS / 'train.py'), near(PROJECT / 'configs' / 'cloc_vit-tiny_cloc-table.py'),
             '--work-dir', str(folder), '--seed', str(seed), '--cfg-options', *length, *own.train)
    last = 'grounding' if own.grounds else 'image-text'
    tests: List[Tuple[str, ...]] = []
    for config, options in (('region-recognition', own.test), ('region-text', own.test),
                            (last, own.test if own.grounds else ())):
        tests.append(('python', near(TOOLS / 'test.py'), near(PROJECT / 'configs' / CONFIG.format(config)),
                      str(folder / 'latest.pth'), '--work-dir', str(folder / config), '--out',
                      str(folder / config / 'results.json'), *(('--cfg-options', *options) if options else ())))
    return Job(place, (train, *tests), f'{place}/{last}/results.json')

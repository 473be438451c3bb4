"""The jobs: pretraining of each contender and seed and its tests; then tunings of one encoder a seed."""
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

from mmrice.utils.job_pool import Job, near

PROJECT = Path(__file__).resolve().parents[1]
TOOLS = PROJECT.parents[1] / 'tools'
NO_CLUSTERS = ('model.cluster_neck=None', 'model.cluster_head=None')
NO_PIXELS = ('model.pixel_neck=None', 'model.head.pixel_weight=0.', 'model.tag_head.pixel_weight=0.')
NO_REGIONS = ('model.neck=None', 'model.head.region_weight=0.', 'model.tag_head.region_weight=0.')
MERGING = ('model.backbone.token_merging.after=1', 'model.backbone.token_merging.keep=0.5')
CROPS = ('model.neck=None', 'model.pooling=crop')


@dataclass(frozen=True)
class Contender:
    """What is pretrained.

    Attributes:
        title: For people.
        train: Options of the pretraining.
        recognition: Options of the tests that embed regions.
        dense: The part that embeds patches by itself, for segmentation by names.
    """
    title: str
    train: Tuple[str, ...] = ()
    recognition: Tuple[str, ...] = ()
    dense: str = 'pixel_neck'


CONTENDERS = {
    'image': Contender('image', (*NO_REGIONS, *NO_PIXELS, *NO_CLUSTERS), CROPS, 'image_neck'),
    'region': Contender('+ region', (*NO_PIXELS, *NO_CLUSTERS), (), 'neck'),
    'pixel': Contender('+ pixel', NO_CLUSTERS),
    'all': Contender('+ cluster discrimination'),
    'merged': Contender('the same with merged tokens', MERGING),
}
TUNINGS = ('frozen', 'PromptTokens', 'LoRA', 'BottleneckAdapter', 'ConvAdapter', 'full')


def make_jobs(out: Path, contenders: Sequence[str] = tuple(CONTENDERS), tunings: Sequence[str] = TUNINGS,
              seeds: Sequence[int] = (0, 1, 2), iters: int = 400, tune_iters: int = 200) -> Dict[str, Job]:
    """The jobs, all of a seed before the next; panoptic segmentation, which takes longest, at the end.

    Args:
        out: Folder of all runs.
        contenders: Some of ``CONTENDERS``.
        tunings: Some of ``TUNINGS``; they start from contender 'all'.
        seeds: Of weights, order of images and draws.
        iters: Iterations of pretraining; a tenth of them is warm-up.
        tune_iters: Iterations of segmentation; a twentieth of them is warm-up.

    Returns:
        dict: Name -> job.
    """
    jobs: List[Job] = []
    for seed in seeds:
        for name in contenders:
            jobs += [_pretrain(out, name, seed, iters), _linear(out, name, 'frozen', seed, tune_iters)]
        if 'all' in contenders:
            jobs += [_linear(out, 'all', tuning, seed, tune_iters) for tuning in tunings if tuning != 'frozen']
    jobs += [_panoptic(out, name, seed, tune_iters) for seed in seeds for name in contenders if name != 'merged']
    return {job.name: job for job in jobs}


def _length(iters: int, warmup: int) -> Tuple[str, ...]:
    return (f'train_cfg.max_iters={iters}', f'param_scheduler.0.end={warmup}', f'param_scheduler.1.begin={warmup}',
            f'param_scheduler.1.end={iters}', f'default_hooks.checkpoint.interval={iters}')


def _config(name: str) -> str:
    return near(PROJECT / 'configs' / f'{name}_umg-table.py')


def _train(config: str, folder: Path, seed: int, *options: str) -> Tuple[str, ...]:
    return ('python', near(TOOLS / 'train.py'), _config(config), '--work-dir', str(folder), '--seed', str(seed),
            '--cfg-options', *options)


def _test(config: str, checkpoint: Path, folder: Path, *options: str) -> Tuple[str, ...]:
    return ('python', near(TOOLS / 'test.py'), _config(config), str(checkpoint), '--work-dir', str(folder), '--out',
            str(folder / 'results.json'), *(('--cfg-options', *options) if options else ()))


def _pretrain(out: Path, name: str, seed: int, iters: int) -> Job:
    own, folder = CONTENDERS[name], out / name / f'seed{seed}'
    checkpoint = folder / 'latest.pth'
    dense = {'image_neck': ('model.pixel_neck=None', 'model.image_neck.type=LinearNeck',
                            'model.image_neck.in_channels=128', 'model.image_neck.out_channels=128',
                            'model.image_neck.norm_cfg=None'),
             'neck': ('model.pixel_neck=None', 'model.neck.type=mmrice.RoIAlignPooling', 'model.neck.in_channels=128',
                      'model.neck.out_channels=128', 'model.neck.patch_size=8'),
             'pixel_neck': ()}[own.dense]
    vit = 'umg-clip-vit-mini'
    return Job(f'{name}/seed{seed}', (
        _train('umg-clip_vit-mini', folder, seed, *_length(iters, max(2, iters // 10)), *own.train),
        _test(f'image-tags_{vit}', checkpoint, folder / 'image-tags'),
        _test(f'image-text_{vit}', checkpoint, folder / 'image-text'),
        _test(f'region-recognition_{vit}', checkpoint, folder / 'region-recognition', *own.recognition),
        _test(f'region-text_{vit}', checkpoint, folder / 'region-text', *own.recognition),
        _test(f'text-seg_{vit}', checkpoint, folder / 'text-seg', *dense)),
        f'{name}/seed{seed}/text-seg/results.json')


def _linear(out: Path, name: str, tuning: str, seed: int, iters: int) -> Job:
    folder, checkpoint = out / name / f'seed{seed}-linear-{tuning}', out / name / f'seed{seed}' / 'latest.pth'
    config = {'frozen': 'linear_frozen-umg-clip-vit-mini', 'full': 'linear_umg-clip-vit-mini'}.get(
        tuning, 'linear_adapted-umg-clip-vit-mini')
    place = 'model.backbone' if tuning == 'full' else 'model.backbone.backbone'
    options = [f'{place}.init_cfg.checkpoint={checkpoint}']
    if tuning not in ('frozen', 'full'):
        options.append(f'model.backbone.tunings.0.type=mmrice.{tuning}')
    train = _train(config, folder, seed, *_length(iters, max(2, iters // 20)), f'train_cfg.val_interval={iters}',
                   *options)
    return Job(f'{name}/seed{seed}-linear-{tuning}', (train, _test(config, folder / 'latest.pth', folder, *options)),
               f'{name}/seed{seed}-linear-{tuning}/results.json', (f'{name}/seed{seed}', ))


def _panoptic(out: Path, name: str, seed: int, iters: int) -> Job:
    folder = out / name / f'seed{seed}-panoptic'
    option = f'model.backbone.backbone.init_cfg.checkpoint={out / name / f"seed{seed}" / "latest.pth"}'
    length = (f'train_cfg.max_iters={iters}', f'train_cfg.val_interval={iters}', f'param_scheduler.0.end={iters}',
              f'default_hooks.checkpoint.interval={iters}')
    train = _train('mask2former_frozen-umg-clip-vit-mini', folder, seed, *length, option)
    test = _test('mask2former_frozen-umg-clip-vit-mini', folder / 'latest.pth', folder, option)
    return Job(f'{name}/seed{seed}-panoptic', (train, test), f'{name}/seed{seed}-panoptic/results.json',
               (f'{name}/seed{seed}', ))

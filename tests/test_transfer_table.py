"""The transfer table's jobs: what they run and what they wait for."""
import json
from pathlib import Path

import pytest

import mmrice  # noqa: F401
from mmrice.utils import UserError, job_pool
from mmrice.utils.results.text import mean_cell

PROJECT = Path(__file__).resolve().parents[1] / 'projects' / 'transfer_table'


@pytest.fixture
def parts(monkeypatch):
    monkeypatch.syspath_prepend(str(PROJECT))
    from transfer_table import jobs, table
    return jobs, job_pool, table


def test_rice_and_mlcd_pretrain_alike_and_every_task_differs_in_its_first_weights_alone(parts):
    made = parts[0].make_jobs(parts[0].BUDGETS['cpu'], Path('out'))
    assert len(made) == 2 * 3 + 4 * 3 * 3
    texts = {name: ' '.join(parts[1].texts(job)) for name, job in made.items()}
    for seed in range(3):
        assert texts[f'pretrain/rice/seed{seed}'].replace('rice_vit-mini_table-regions', 'X').replace('rice', 'Y') == (
            texts[f'pretrain/mlcd/seed{seed}'].replace('mlcd_vit-mini_table-images', 'X').replace('mlcd', 'Y'))
        for task, about in parts[0].TASKS.items():
            rice, random = texts[f'{task}/rice/seed{seed}'], texts[f'{task}/random/seed{seed}']
            start = f'{about.encoder}.init_cfg.checkpoint=out/pretrain/rice/seed{seed}/latest.pth'
            assert start in rice
            assert rice.replace(start, f'{about.encoder}.init_cfg=None').replace('/rice/', '/random/') == random
            assert made[f'{task}/rice/seed{seed}'].needs == (f'pretrain/rice/seed{seed}', )


def test_every_config_that_is_run_exists_and_pretraining_sees_as_many_images(parts):
    from mmengine.config import Config
    made = parts[0].make_jobs(parts[0].BUDGETS['smoke'], Path('out'))
    files = {word for job in made.values() for command in job.commands for word in command if word.endswith('.py')}
    assert all(Path(file).is_file() for file in files) and len(files) == 2 + 6
    rice, mlcd = (Config.fromfile(PROJECT / 'configs' / f'{name}.py') for name in parts[0].PRETRAIN.values())
    assert rice.model.backbone.arch == mlcd.model.backbone.arch
    assert rice.optim_wrapper == mlcd.optim_wrapper and rice.param_scheduler == mlcd.param_scheduler
    assert rice.train_dataloader.batch_size == mlcd.train_dataloader.batch_size
    views = [cfg.train_dataloader.dataset.pipeline[:3] for cfg in (rice, mlcd)]
    assert views[0] == views[1] and views[0][1].scale == (128, 128)


def test_the_table_has_mean_and_sample_deviation_of_the_seeds_in_percent(parts, tmp_path):
    for seed, value in enumerate((0.1, 0.2, 0.3)):
        folder = tmp_path / 'faster-rcnn-tuned' / 'rice' / f'seed{seed}'
        folder.mkdir(parents=True)
        (folder / 'results.json').write_text(json.dumps({'coco/bbox_mAP': value}))
    text = parts[2].markdown(tmp_path, ['faster-rcnn-tuned'], ['random', 'rice'], [0, 1, 2])
    assert text.splitlines()[-1].endswith('| box mAP |  | 20.0 ± 10.0 |')
    assert mean_cell([7.]) == '7.0 (1 seed)' and mean_cell([]) == ''
    (folder / 'results.json').write_text('{}')
    with pytest.raises(UserError, match='has no coco/bbox_mAP'):
        parts[2].markdown(tmp_path, ['faster-rcnn-tuned'], ['rice'], [2])

"""The scaled-down experiment: contenders differ in what they learn from alone, and verdicts follow from numbers."""
import argparse
import json
from pathlib import Path

import pytest
from mmengine.config import Config, DictAction

import mmrice  # noqa: F401
from mmrice.testing.config_files import datasets
from mmrice.utils import job_pool

PROJECT = Path(__file__).resolve().parents[1] / 'projects' / 'scaled_rice'
OUT = Path('out')


@pytest.fixture(autouse=True)
def project_on_path(monkeypatch):
    monkeypatch.setenv('SCALED_RICE', 'cpu')
    monkeypatch.syspath_prepend(str(PROJECT))


@pytest.fixture
def budget(project_on_path):
    from scaled_rice.budgets import read_budget
    return read_budget('cpu')


def main_jobs(budget, seeds=(0, 1)):
    from scaled_rice import jobs, rates
    return {job.name: job for job in jobs.main_jobs(budget, OUT, rates.choose(OUT, budget.contenders, True), seeds)}


def config(name):
    return Config.fromfile(PROJECT / 'configs' / f'{name}.py')


def test_contenders_have_one_encoder_as_many_images_and_one_optimizer():
    from scaled_rice.contenders import CONTENDERS
    kept = [(cfg.model.backbone.arch, cfg.model.backbone.patch_size, cfg.train_dataloader.batch_size,
             cfg.train_cfg, cfg.optim_wrapper, cfg.param_scheduler, cfg.train_dataloader.dataset.pipeline[1].scale)
            for cfg in map(config, {own.config for own in CONTENDERS.values()})]
    assert len(kept) == 5 and all(each == kept[0] for each in kept)


@pytest.mark.parametrize('name', ['cpu', 'gpu', 'smoke'])
def test_patches_divide_images_in_every_budget(name, monkeypatch):
    monkeypatch.setenv('SCALED_RICE', name)
    for path in (PROJECT / 'configs').glob('*.py'):
        cfg = Config.fromfile(path)
        assert cfg.side % cfg.patch == cfg.tree_side % cfg.patch == 0 == cfg.width % cfg.num_heads
        roots = [data.data_root for data in datasets((cfg.get('train_dataloader') or cfg.test_dataloader).dataset)
                 if 'data_root' in data]
        assert roots and all(root.startswith(f'data/scaled_rice/{name}/') for root in roots)


def test_probes_differ_in_the_encoder_alone_and_wait_for_it(budget):
    made = main_jobs(budget)
    assert len(made) == 2 * len(budget.contenders) * 8
    for name, job in made.items():
        _, contender, seed, part = name.split('/')
        if part == 'pretraining':
            assert all(need.startswith('data/') for need in job.needs)
            continue
        other = made[f'main/rice/seed0/{part}']
        texts = [text.replace(f'main/{contender}/{seed}/', 'main/rice/seed0/').replace(
            f'--seed {seed[-1]}', '--seed 0') for text in job_pool.texts(job)]
        assert texts == job_pool.texts(other)
        assert job.needs == (f'main/{contender}/{seed}/pretraining', 'data/splits')
        assert f'main/{contender}/{seed}/pretraining/latest.pth' in ' '.join(job_pool.texts(job))


def test_pretraining_is_as_long_for_all_but_random_weights_and_repeats_with_other_seeds(budget):
    for name, job in main_jobs(budget).items():
        command = job_pool.texts(job)[0]
        if name.endswith('pretraining'):
            assert f'train_cfg.max_iters={1 if "/random/" in name else budget.iterations()} ' in command
            assert f'--seed {name.split("/")[2][-1]}' in command
            assert ('optimizer.lr=0. ' in f'{command} ') == ('/random/' in name)


def test_options_of_contenders_arrive_in_their_configs(budget):
    from mmrice.apis.config import load_config
    parser, read = argparse.ArgumentParser(), {}
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    made = main_jobs(budget, [0])
    for name in budget.contenders:
        job = made[f'main/{name}/seed0/pretraining']
        command = job.commands[0]
        options = parser.parse_args(command[command.index('--cfg-options'):]).cfg_options
        cfg = read[name] = load_config(command[2], options)
        assert f'data/{Path(cfg.train_dataloader.dataset.data_root).name}' in job.needs
    heads = {name: [kind for kind in ('object', 'ocr') if read[name].model.head.get(kind)] for name in read}
    for name, kinds in {'rice-objects': ['object'], 'rice-ocr': ['ocr'], 'rice': ['object', 'ocr']}.items():
        assert heads[name] == read[name].train_dataloader.dataset.kinds == kinds
    assert read['random'].optim_wrapper.optimizer.lr == 0 < read['rice'].optim_wrapper.optimizer.lr
    assert read['clip'].model.neck is None is not read['cloc'].model.neck


def test_learning_rates_are_tried_alike_and_the_best_on_validation_is_taken(budget, tmp_path):
    from scaled_rice import jobs, rates
    made = jobs.grid_jobs(budget, tmp_path, ['random', 'rice', 'mlcd'])
    assert [job.name for job in made] == [f'grid/{name}/{rate:g}' for name in ('rice', 'mlcd') for rate in budget.rates]
    for job, value in zip(made, (0., 1., 3., 2., 5., 4., 5., 3.), strict=True):
        assert f'{jobs.VALIDATION}.py' in job_pool.texts(job)[1]
        (tmp_path / job.name).mkdir(parents=True)
        (tmp_path / job.output).write_text(json.dumps({'regions/mAcc': value}))
    chosen = rates.choose(tmp_path, ['random', 'rice', 'mlcd', 'clip'])
    assert chosen == dict(random=budget.rates[2], rice=budget.rates[2], mlcd=budget.rates[0])


def test_a_sweep_changes_one_setting_and_shares_the_run_of_the_main_value(budget):
    from scaled_rice import contenders, jobs
    made = {job.name: job_pool.texts(job)[0] for job in jobs.sweep_jobs(budget, OUT, 1e-3)}
    base = made.pop('sweep/base/seed0').split(' --cfg-options ')[1]
    swept = contenders.sweeps('cpu')
    assert len(made) == sum(len(sweep.values) - 1 for sweep in swept.values())
    for name, sweep in swept.items():
        assert [value for value, options in sweep.values.items() if not options] and sweep.claimed in sweep.values
        for value, options in sweep.values.items():
            if options:
                options = [option.format(root=budget.settings['root']) for option in options]
                assert made[f'{jobs.sweep_folder(name, value)}/seed0'].endswith(' '.join([base, *options]))


def test_every_swept_setting_has_an_optimizer_that_takes_its_gradients(budget):
    from mmengine.optim import build_optim_wrapper
    from mmpretrain.registry import MODELS
    from scaled_rice.contenders import RICE, sweeps
    parser, shares = argparse.ArgumentParser(), set()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    for options in (options for sweep in sweeps('cpu').values() for options in sweep.values.values() if options):
        cfg = config(RICE)
        cfg.merge_from_dict(parser.parse_args(['--cfg-options', *options]).cfg_options)
        build_optim_wrapper(MODELS.build(cfg.model), cfg.optim_wrapper)
        shares.add(cfg.model.head.sample_ratio)
    assert len(shares) == 3


def test_every_job_finds_its_files_and_what_it_waits_for_and_has_an_estimate(budget):
    from scaled_rice import data_jobs, estimate, jobs
    made = [*jobs.grid_jobs(budget, OUT, budget.contenders), *main_jobs(budget).values(),
            *jobs.sweep_jobs(budget, OUT, 1e-3)]
    wanted = {need for job in made for need in job.needs if need.startswith('data/')}
    made = [*data_jobs.data_jobs(budget, sorted(wanted)), *made]
    names = [job.name for job in made]
    for place, job in enumerate(made):
        assert set(job.needs) <= set(names[:place])
        for command in job.commands:
            assert all(Path(word).is_file() for word in command if word.endswith('.py'))
            assert estimate.command_seconds(command, budget) > 0
    assert estimate.estimate(made, budget, 2) < 2 * 3600
    assert {job.name for job in data_jobs.data_jobs(budget, ['data/clusters50'])} == {
        'data/clusters50', 'data/regions', 'data/pretraining'}

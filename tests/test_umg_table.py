"""The UMG table's jobs: contenders differ by the terms that their names say, tunings by what is trained."""
import json
from pathlib import Path

import pytest
from mmengine.config import Config

import mmrice  # noqa: F401
from mmrice.testing.config_files import datasets

PROJECT = Path(__file__).resolve().parents[1] / 'projects' / 'umg_table'


@pytest.fixture
def parts(monkeypatch):
    monkeypatch.syspath_prepend(str(PROJECT))
    from umg_table import jobs, table
    return jobs, table


def test_every_level_adds_its_terms_and_takes_none_away(parts):
    jobs = parts[0]
    options = {name: set(about.train) for name, about in jobs.CONTENDERS.items()}
    assert options['image'] > options['region'] > options['pixel'] > options['all'] == set()
    assert not any('train_cfg' in option or 'dataloader' in option for own in options.values() for option in own)


def test_encoders_of_all_contenders_are_measured_alike_and_after_their_pretraining(parts):
    jobs = parts[0]
    made = jobs.make_jobs(Path('out'), seeds=[0, 1], iters=100)
    assert list(made)[0] == 'image/seed0'
    for name in jobs.CONTENDERS:
        linear = made[f'{name}/seed1-linear-frozen']
        assert linear.needs == (f'{name}/seed1', )
        plain = made['all/seed1-linear-frozen']
        assert [[word.replace(f'out/{name}/', 'out/all/') for word in command] for command in linear.commands] == [
            list(command) for command in plain.commands]
    tuned = {name for name in made if name.startswith('all/seed0-linear-')}
    assert tuned == {f'all/seed0-linear-{tuning}' for tuning in jobs.TUNINGS}
    assert not any('linear-LoRA' in name for name in jobs.make_jobs(Path('out'), contenders=['image']))


def test_every_config_exists_and_measures_images_that_were_not_trained_on(parts):
    made = parts[0].make_jobs(Path('out'), seeds=[0])
    files = {word for job in made.values() for command in job.commands for word in command
             if word.endswith('.py') and 'configs' in word}
    assert len(files) == 10
    for file in files:
        config = Config.fromfile(file)
        if config.get('train_dataloader'):
            data, = datasets(config.train_dataloader.dataset)
            assert data.indices == 640 - 80
        if config.get('test_dataloader'):
            data, = datasets(config.test_dataloader.dataset)
            assert data.indices == -80 and 'train' in str(data.data_prefix)


def test_the_tables_take_each_metric_from_its_test(parts, tmp_path):
    table = parts[1]
    for seed, value in enumerate((10., 20.)):
        for place, metric, _ in table.COLUMNS.values():
            folder = tmp_path / 'all' / f'seed{seed}{place}'
            folder.mkdir(parents=True, exist_ok=True)
            (folder / 'results.json').write_text(json.dumps({metric: value}))
    row = table.levels(tmp_path, ['all'], [0, 1]).splitlines()[-1]
    assert [part.strip() for part in row.split('|')[2:-1]] == ['15.0 ± 7.1'] * len(table.COLUMNS)
    trained = table.shares(PROJECT / 'configs' / 'linear_adapted-umg-clip-vit-mini_umg-table.py')
    assert sorted(trained, key=trained.get) == list(parts[0].TUNINGS)
    assert '| frozen | 0 % | 15.0 ± 7.1 |' in table.tunings(tmp_path, [0, 1], trained)
    table.plot(tmp_path, [0, 1], trained, tmp_path / 'plots' / 'a.png')
    assert (tmp_path / 'plots' / 'a.png').stat().st_size > 1000

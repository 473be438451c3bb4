"""The CLOC table's jobs: contenders differ in what their names say and in nothing else."""
import json
from pathlib import Path

import pytest
from mmengine.config import Config

import mmrice  # noqa: F401
from mmrice.testing.config_files import datasets

PROJECT = Path(__file__).resolve().parents[1] / 'projects' / 'cloc_table'


@pytest.fixture
def parts(monkeypatch):
    monkeypatch.syspath_prepend(str(PROJECT))
    from cloc_table import jobs, table
    return jobs, table


def test_contenders_train_on_the_same_images_and_differ_by_their_options_alone(parts):
    jobs = parts[0]
    made = jobs.make_jobs(Path('out'), iters=100)
    assert len(made) == 3 * len(jobs.CONTENDERS) and next(iter(made)) == 'clip/seed0'
    for name, about in jobs.CONTENDERS.items():
        for seed in range(3):
            train = made[f'{name}/seed{seed}'].commands[0]
            plain = made[f'cloc/seed{seed}'].commands[0]
            assert train[-len(about.train):] == about.train or name == 'cloc'
            own = [word.replace(f'out/{name}/', 'out/cloc/') for word in train[:len(train) - len(about.train)]]
            assert own == list(plain)


def test_every_config_exists_and_measures_images_that_were_not_trained_on(parts):
    made = parts[0].make_jobs(Path('out'), seeds=[0])
    files = {word for job in made.values() for command in job.commands for word in command
             if word.endswith('.py') and 'configs' in word}
    assert len(files) == 5
    configs = {Path(file).stem.split('_')[0]: Config.fromfile(file) for file in files}
    assert configs['cloc'].train_dataloader.dataset.indices == 640 - 80
    for name in ('region-recognition', 'region-text', 'image-text', 'grounding'):
        data, = datasets(configs[name].test_dataloader.dataset)
        assert (data.indices, data.data_prefix.img) == (-80, 'train/')
    assert [name for name, job in made.items() if job.output.endswith('/grounding/results.json')] == [
        f'{name}/seed0' for name, about in parts[0].CONTENDERS.items() if about.grounds]


def test_the_table_takes_each_metric_from_its_test(parts, tmp_path):
    for seed, value in enumerate((10., 20.)):
        for test, name in (('region-text', 'region_retrieval/r2t/Recall@10'),
                           ('image-text', 'image_retrieval/i2t/Recall@10')):
            folder = tmp_path / 'clip' / f'seed{seed}' / test
            folder.mkdir(parents=True)
            (folder / 'results.json').write_text(json.dumps({name: value}))
    row = parts[1].markdown(tmp_path, ['clip'], [0, 1]).splitlines()[-1]
    cells = [part.strip() for part in row.split('|')[2:-1]]
    assert cells == ['', '', '15.0 ± 7.1', '', '15.0 ± 7.1', '']

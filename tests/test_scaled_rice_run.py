"""The command of the scaled-down experiment, with results written in place of its jobs."""
import importlib.util
import json
import sys
from pathlib import Path

import pytest

import mmrice  # noqa: F401
from mmrice.utils import UserError, experiment, job_pool

PROJECT = Path(__file__).resolve().parents[1] / 'projects' / 'scaled_rice'


@pytest.fixture
def command(monkeypatch):
    """Run the tool; returns the jobs of each phase. Jobs whose name has ``broken`` in it fail."""
    monkeypatch.syspath_prepend(str(PROJECT))
    monkeypatch.setenv('SCALED_RICE', 'cpu')
    spec = importlib.util.spec_from_file_location('scaled_rice_run', PROJECT / 'run.py')
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    from scaled_rice.measures import MEASURES
    contents = {'results.json': {measure.metric: .1 for measure in MEASURES.values()}}

    def run(*arguments, broken='nothing'):
        phases = []

        def run_jobs(jobs, out, workers):
            phases.append(jobs)
            failed = [name for name in jobs if broken in name]
            for name in jobs.keys() - set(failed):
                if not name.startswith('data/'):
                    path = out / jobs[name].output
                    path.parent.mkdir(parents=True, exist_ok=True)
                    rate = float(name.rpartition('/')[2]) if name.startswith('grid/') else 0.
                    path.write_text(json.dumps(contents.get(path.name, {'regions/mAcc': rate})))
            return experiment.Ended(failed, workers, 1.)

        monkeypatch.setattr(experiment, 'run_jobs', run_jobs)
        monkeypatch.setattr(sys, 'argv', ['run.py', *map(str, arguments)])
        tool.main()
        return phases

    return run


def test_main_runs_take_the_learning_rates_of_the_first_phase_and_wait_for_nothing_unknown(command, tmp_path):
    first, second = command('--budget', 'cpu', '--out', tmp_path / 'out', '--doc', tmp_path / 'page.md')
    assert first.keys() <= second.keys()
    for jobs in (first, second):
        assert {need for job in jobs.values() for need in job.needs} <= jobs.keys()
    texts = ' '.join(job_pool.texts(second['main/mlcd/seed2/pretraining']))
    assert 'optim_wrapper.optimizer.lr=0.0045 ' in f'{texts} '
    page = (tmp_path / 'page.md').read_text()
    assert page.startswith('# The claims of RICE') and 'Seeds 0, 1, 2; commit ' in page
    assert json.loads((tmp_path / 'out' / 'wall.json').read_text())[0] >= 0


def test_what_was_not_asked_for_whole_stays_in_the_folder_of_the_runs(command, tmp_path, capsys):
    command('--budget', 'smoke', '--out', tmp_path)
    assert capsys.readouterr().out.endswith(f'results: {tmp_path / "scaled_rice.md"}\n')
    assert '## One setting changed' not in (tmp_path / 'scaled_rice.md').read_text()


def test_failed_jobs_are_named_and_what_there_is_is_written(command, tmp_path):
    with pytest.raises(UserError, match='failed: .*main/rice/seed0/words'):
        command('--budget', 'smoke', '--out', tmp_path, broken='rice/seed0/words')
    assert (tmp_path / 'scaled_rice.md').is_file()


def test_a_seed_counts_once(command, tmp_path):
    with pytest.raises(UserError, match='--seeds 0 1 0: one stands there twice'):
        command('--budget', 'cpu', '--out', tmp_path, '--seeds', 0, 1, 0)


def test_sweeps_without_rice_are_refused(command, tmp_path):
    with pytest.raises(UserError, match='sweeps are of rice'):
        command('--budget', 'cpu', '--out', tmp_path, '--contenders', 'mlcd')

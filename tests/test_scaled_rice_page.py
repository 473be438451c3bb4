"""The page of the scaled-down experiment says what the results say."""
import json
from pathlib import Path

import pytest

import mmrice  # noqa: F401
from mmrice.utils import UserError

PROJECT = Path(__file__).resolve().parents[1] / 'projects' / 'scaled_rice'
SEEDS = (0, 1, 2)
CONTENDERS = ('mlcd', 'rice')


@pytest.fixture(autouse=True)
def project_on_path(monkeypatch):
    monkeypatch.setenv('SCALED_RICE', 'cpu')
    monkeypatch.syspath_prepend(str(PROJECT))


def write_run(folder, value):
    """Results of all measures, equal to ``value`` per cent."""
    from scaled_rice.measures import MEASURES
    content = {}
    for measure in MEASURES.values():
        content.setdefault(measure.probe, {})[measure.metric] = value / measure.scale
    for probe, metrics in content.items():
        (folder / probe).mkdir(parents=True, exist_ok=True)
        (folder / probe / 'results.json').write_text(json.dumps(metrics))


def runs(out, values):
    from scaled_rice.claims import Runs
    for name, center in values.items():
        for seed in SEEDS:
            write_run(out / 'main' / name / f'seed{seed}', center + seed - 1)
    return Runs(out, 'cpu', SEEDS, (0, ))


@pytest.mark.parametrize('preferred, other, outcome', [
    ((10., 11., 12.), (7., 8., 9.), 1),  # 3 > 2 * sqrt(1 + 1), and a little for rounding
    ((10., 11., 12.), (7.5, 8.5, 9.5), 0),
    ((7., 8., 9.), (10., 11., 12.), -1),
    ((5.1, 5.1, 5.1), (5., 5., 5.), 0),  # a tenth is what they are rounded to
    ((5.2, 5.2, 5.2), (5., 5., 5.), 1),
    ((5., ), (4., ), None),
    ((), (4., 5.), None),
])
def test_ahead_is_what_exceeds_twice_the_root_of_the_summed_variances(preferred, other, outcome):
    from scaled_rice.verdicts import Comparison
    assert Comparison(preferred, other).outcome() == outcome


def test_settings_with_one_seed_vary_as_the_main_runs_do():
    from scaled_rice.verdicts import Comparison
    assert Comparison([5.], [4.], spread=0.15).outcome() == 1  # 1 > 4.3 * sqrt(2) * 0.15
    assert Comparison([5.], [4.], spread=0.17).outcome() == 0
    assert Comparison([5.], [4.]).outcome() is None


@pytest.mark.parametrize('outcomes, word', [
    ('+++', 'reproduced'), ('++0', 'reproduced'), ('+0', 'reproduced'), ('+00', 'not decidable at this scale'),
    ('++-', 'not decidable at this scale'), ('--0', 'not reproduced'), ('00', 'not decidable at this scale'),
    ('+??', 'not decidable at this scale'),
    ('--?', 'not decidable at this scale'), ('??', 'not decidable at this scale'), ('', 'not decidable at this scale'),
])
def test_a_claim_is_judged_by_how_often_it_is_ahead_and_never_behind(outcomes, word):
    from scaled_rice.verdicts import Comparison, judge
    values = {'+': ([5., 5.], [4., 4.]), '0': ([5., 5.], [5., 5.]), '-': ([4., 4.], [5., 5.]), '?': ([], [])}
    verdict = judge({f'{place}{sign}': Comparison(*values[sign]) for place, sign in enumerate(outcomes)})
    assert verdict.word == word
    assert [len(names) for names in (verdict.ahead, verdict.level, verdict.behind, verdict.missing)] == [
        outcomes.count(sign) for sign in '+0-?']


@pytest.mark.parametrize('rice, word', [(30., 'reproduced'), (20., 'not decidable at this scale'),
                                        (10., 'not reproduced')])
def test_verdicts_and_tables_follow_the_results(rice, word, tmp_path):
    from scaled_rice.measures import TABLES
    from scaled_rice.tables import contender_table, verdict_lines
    made = runs(tmp_path, dict(mlcd=20., rice=rice))
    line = next(line for line in verdict_lines(made) if line.startswith('|') and 'RICE against MLCD' in line)
    assert f'| **{word}** |' in line
    for table in TABLES.values():
        rows = contender_table(made, CONTENDERS, table)[2:]
        assert [row.count(f'{center:.1f} ± 1.0') for row, center in zip(rows, (20., rice))] == [len(table)] * 2


@pytest.mark.parametrize('claim, other, words', [('The OCR head helps', 'rice-objects', False),
                                                 ('The object head helps', 'rice-ocr', True)])
def test_each_head_is_judged_by_what_it_is_said_to_help(claim, other, words, tmp_path):
    from scaled_rice.claims import CLAIMS
    compare = next(compare for name, compare in CLAIMS.items() if name.startswith(claim))
    found = compare(runs(tmp_path, {'random': 1., 'rice': 9., other: 5.}))
    assert found and all(name.startswith('kNN of words') == words for name in found)
    assert all(list(each.preferred) == [8., 9., 10.] and list(each.other) == [4., 5., 6.] for each in found.values())


def test_a_measure_in_which_nobody_is_ahead_of_random_weights_does_not_count(tmp_path):
    from scaled_rice.claims import CLAIMS
    from scaled_rice.measures import DENSE, MEASURES
    compare = next(compare for claim, compare in CLAIMS.items() if claim.endswith('RICE against MLCD'))
    made = runs(tmp_path, dict(random=20., rice=30., mlcd=10.))
    assert len(compare(made)) == len(DENSE)
    detection = MEASURES['detection-trees']
    for seed in SEEDS:
        path = tmp_path / 'main' / 'random' / f'seed{seed}' / detection.probe / 'results.json'
        path.write_text(json.dumps({detection.metric: 0.29}))
    assert not [name for name in compare(made) if name.startswith(detection.title)]
    assert len(compare(made)) == len(DENSE) - 1


def test_the_best_learning_rate_is_marked_where_the_grid_ends(tmp_path):
    from scaled_rice.jobs import VALIDATION
    from scaled_rice.tables import rate_table
    for name, values in dict(rice=(1., 3., 2., 0.), mlcd=(9., 3., 2., 1.)).items():
        for rate, value in zip(('0.00015', '0.0005', '0.0015', '0.0045'), values):
            path = tmp_path / 'grid' / name / rate / f'{VALIDATION}.json'
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps({'regions/mAcc': value}))
    assert rate_table(tmp_path, ['random', 'mlcd', 'rice'])[2:] == [
        '| MLCD | **9.0** (edge) | 3.0 | 2.0 | 1.0 |', '| RICE | 1.0 | **3.0** | 2.0 | 0.0 |']


def test_sweeps_take_the_shared_run_for_the_main_value(tmp_path):
    from scaled_rice.claims import CLAIMS
    from scaled_rice.jobs import sweep_folder
    made = runs(tmp_path, dict(rice=50.))
    write_run(tmp_path / 'sweep/base/seed0', 8.)
    write_run(tmp_path / sweep_folder('regions', '4') / 'seed0', 4.)
    compare = next(compare for claim, compare in CLAIMS.items() if claim.startswith('N = 10'))
    found = {name: comparison for name, comparison in compare(made).items() if name.endswith('10 against 4')}
    assert len(found) == 4 and all((list(each.preferred), list(each.other), each.spread) == ([8.], [4.], 1.)
                                   for each in found.values())


def test_the_page_has_tables_plots_and_commands_of_what_was_run(tmp_path):
    from scaled_rice.page import write_page

    from mmrice.utils.job_pool import Job, texts
    made = runs(tmp_path / 'out', dict(mlcd=20., rice=30.))
    job = Job('main/rice/seed0/linear', (('python', 'x.py', '--seed', '0'), ), 'results.json')
    (tmp_path / 'out' / job.name / 'job.json').write_text(json.dumps(dict(commands=texts(job), seconds=12.)))
    write_page(tmp_path / 'page.md', made, CONTENDERS, {job.name: job}, dict(commit='abc'))
    text = (tmp_path / 'page.md').read_text()
    assert text.count('commit abc; [commands](#commands)') == 5
    assert '| probe: linear | 1 | 12 |' in text and 'python x.py --seed 0' in text and 'Together 0 minutes of' in text
    pictures = [line.rpartition('(')[2].rstrip(')') for line in text.splitlines() if line.startswith('![')]
    assert len(pictures) == 2
    assert all((tmp_path / picture).read_bytes().startswith(b'\x89PNG') for picture in pictures)


def test_what_people_wrote_under_its_heading_stays(tmp_path):
    from scaled_rice.page import NOTES, write_page
    made, page = runs(tmp_path / 'out', dict(mlcd=20., rice=30.)), tmp_path / 'page.md'
    write_page(page, made, CONTENDERS, {}, {})
    first = page.read_text()
    assert NOTES not in first
    notes = f'{NOTES}\n\nOne.\n\n### More\n\n| two |\n'
    page.write_text(first.replace('## Real', f'{notes}\n## Real').replace('30.0', '99.0'))
    for _ in range(2):
        write_page(page, made, CONTENDERS, {}, {})
        assert page.read_text().replace(f'{notes}\n', '') == first


def test_the_page_states_the_settings_of_the_configs():
    from mmengine.config import Config
    from scaled_rice.budgets import read_budget
    from scaled_rice.page import OPENING
    heads = [Config.fromfile(PROJECT / 'configs' / f'{name}.py').model.head
             for name in ('rice_vit-mini_scaled-regions', 'mlcd_vit-mini_scaled-images')]
    assert all((head.margin, head.sample_ratio) == (0, 1) for head in heads) and heads[0].ocr.loss_weight == 0.1
    assert all(f'RICE has scale {head.scale:g}, no margin, all classes as negatives' in OPENING for head in heads)
    assert read_budget('cpu').share == 1 / 3  # "a third of the iterations"


def test_results_without_the_number_are_named(tmp_path):
    from scaled_rice.measures import MEASURES, read_measure
    (tmp_path / 'linear').mkdir()
    (tmp_path / 'linear' / 'results.json').write_text('{}')
    with pytest.raises(UserError, match='results.json: has no seen/mIoU'):
        read_measure(tmp_path, MEASURES['segmentation-seen'])

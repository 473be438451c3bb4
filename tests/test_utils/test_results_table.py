"""Runs are found, grouped by all but their seed, and averaged; the papers' numbers stand beside them."""
import csv
import io
import json
import re
from pathlib import Path
from statistics import stdev

import pytest

from mmrice.utils import UserError
from mmrice.utils.results.groups import without_seed
from mmrice.utils.results.paper import Stated, paper_numbers
from mmrice.utils.results.runs import find_runs
from mmrice.utils.results.table import choose_metrics, make_table

ROOT = Path(__file__).resolve().parents[2]
CONFIG = "model = dict(backbone=dict(init_cfg=dict(checkpoint='out/mlcd/seed{seed}/latest.pth')))\n" \
         'randomness = dict(seed={seed})\n'
PAPERS = {'probe': {'coco/bbox_mAP': Stated(38.9, 'paper, Table 3')}}


def write_results(folder, value, weights, seed, config='probe', **more):
    """A results file; its summary has more digits than the host's metric."""
    folder.mkdir(parents=True)
    run = dict(config=config, initial_weights=weights, seed=seed, checkpoint=str(folder / 'latest.pth'), **more)
    (folder / 'results.json').write_text(json.dumps({
        'coco/bbox_mAP': round(value / 100, 3), 'coco/bbox_mAP_s': -1., 'run': run,
        'summary': {'coco': {'bbox': {'AP': value}}}}))


def write_training(folder, seed, *lines, start='20260101_000000', end='\n'):
    """A work directory as a training leaves it."""
    logs = folder / start / 'vis_data'
    logs.mkdir(parents=True)
    (folder / 'probe.py').write_text(CONFIG.format(seed=seed))
    (logs / 'scalars.json').write_text('\n'.join(map(json.dumps, lines)) + end)


TRAIN, VAL = dict(lr=1e-3, loss=2., step=1), {'coco/bbox_mAP': 0.25, 'data_time': 0.1, 'time': 0.2, 'step': 2}


def rows_of(paths, fields=('config', 'weights'), metrics=None, papers=PAPERS):
    """The table as CSV, read again."""
    runs = find_runs(paths)
    text = make_table(runs, fields, choose_metrics(runs, metrics), papers, 'csv')
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(('path', 'expected'), [
    ('out/rice/seed3/latest.pth', 'out/rice'), ('out/rice_seed3/iter_100.pth', 'out/rice'), ('seed0/a/b', 'a/b'),
    ('random', 'random'), ('rice_vit-s16/latest.pth', 'rice_vit-s16'), ('weights.safetensors', 'weights.safetensors'),
    ('latest.pth', 'latest.pth'), ('seedling/epoch_12.pth', 'seedling'),
])
def test_a_path_of_weights_loses_what_tells_seeds_apart_and_nothing_else(path, expected):
    assert without_seed(path) == expected


def test_mean_and_sample_deviation_over_seeds_are_of_unrounded_values(tmp_path):
    values = [30.04, 30.16, 31.]
    for seed, value in enumerate(values):
        write_results(tmp_path / f'rice/seed{seed}', value, f'out/rice/seed{seed}/latest.pth', seed)
    write_results(tmp_path / 'random', 20., 'random', 0)
    rice, random = rows_of([tmp_path])
    assert (rice['weights'], rice['runs'], rice['seeds'], rice['from']) == ('rice', '3', '0 1 2', 'test')
    assert float(rice['box AP']) == pytest.approx(sum(values) / 3)
    assert float(rice['box AP std']) == pytest.approx(stdev(values))
    assert (random['box AP'], random['box AP std'], random['box AP (paper)']) == ('20.0', '', '38.9')
    lines = make_table(find_runs([tmp_path]), ['config', 'weights'], ['coco/bbox_mAP'], PAPERS).splitlines()
    assert [cell.strip() for cell in lines[3].split('|')[-3:-1]] == ['20.0', '38.9']
    assert [cell.strip() for cell in lines[2].split('|')[-3:-1]] == ['30.4 ± 0.5', '38.9']
    assert len({len(line) for line in lines}) == 1


def test_rows_follow_the_fields_asked_for_and_weights_of_one_name_keep_their_paths(tmp_path):
    write_results(tmp_path / 'a/seed0', 10., 'one/rice/latest.pth', 0, dataset='CocoDataset', data_root='data/a')
    write_results(tmp_path / 'a/seed1', 20., 'two/rice/latest.pth', 1, dataset='CocoDataset', data_root='data/b')
    assert [row['weights'] for row in rows_of([tmp_path])] == ['one/rice', 'two/rice']
    assert [row['dataset'] for row in rows_of([tmp_path], ['dataset'])] == ['CocoDataset data/a', 'CocoDataset data/b']
    write_results(tmp_path / 'a/seed2', 30., 'two/rice/latest.pth', 2, dataset='CocoDataset', data_root='data/b')
    first, row = rows_of([tmp_path], ['folder'])
    assert (row['folder'], float(row['box AP']), row['dataset']) == (str(tmp_path / 'a'), 25, 'CocoDataset data/b')
    assert 'box AP (paper)' not in first  # its config is not a field


def test_splits_of_a_dataset_have_rows_of_their_own(tmp_path):
    for name, split in (('a', 'testA'), ('b', 'testB')):
        write_results(tmp_path / name, 10., 'rice/latest.pth', 0, dataset='RefCocoDataset', split=split)
    write_training(tmp_path / 'c', 1, TRAIN)
    rows = rows_of([tmp_path])
    assert [(row['runs'], row['dataset']) for row in rows if row['from']] == [
        ('1', 'RefCocoDataset testA'), ('1', 'RefCocoDataset testB')]


def test_a_training_without_a_test_counts_by_its_last_validation_apart_from_tests(tmp_path):
    write_results(tmp_path / 'tested', 30., 'out/mlcd/seed0/latest.pth', 0)
    write_training(tmp_path / 'tested', 0, TRAIN, VAL)
    write_training(tmp_path / 'trained', 1, TRAIN, {**VAL, 'coco/bbox_mAP': 0.1}, TRAIN, VAL, TRAIN)
    write_training(tmp_path / 'trained', 1, TRAIN, start='20260102_000000')  # resumed, nothing validated
    rows = rows_of([tmp_path])
    assert [(row['from'], row['weights'], row['seeds'], float(row['box AP'])) for row in rows] == [
        ('test', 'mlcd', '0', 30), ('validation', 'mlcd', '1', 25)]


def test_a_run_without_results_is_counted_where_it_belongs(tmp_path):
    write_results(tmp_path / 'a', 30., 'out/mlcd/seed0/latest.pth', 0)
    write_training(tmp_path / 'b', 1, TRAIN)
    write_training(tmp_path / 'c', 2, TRAIN, VAL, end='\n{"lr": 0.0')  # killed while it wrote
    tested, validated = rows_of([tmp_path])
    assert (tested['runs'], tested['without results']) == ('1', '1') and validated['without results'] == '0'
    assert [run.place.name for run in find_runs([tmp_path]) if not run.source] == ['b']


def test_a_file_of_metrics_alone_takes_config_and_weights_from_the_config_beside_it(tmp_path):
    write_training(tmp_path / 'x', 4, TRAIN)
    (tmp_path / 'x/results.json').write_text('{"coco/bbox_mAP": 0.5}')
    row, = rows_of([tmp_path / 'x/results.json'])
    assert (row['config'], row['weights'], row['seeds'], row['box AP']) == ('probe', 'mlcd', '4', '50.0')


@pytest.mark.parametrize(('content', 'message'), [
    ('{"coco/bbox_mAP": 0.', 'results.json: no JSON'), ('[1]', 'results.json: expected'),
    ('{"run": 3}', 'results.json: expected'),
])
def test_a_damaged_file_is_named(tmp_path, content, message):
    (tmp_path / 'results.json').write_text(content)
    with pytest.raises(UserError, match=re.escape(f'{tmp_path}/{message}')):
        find_runs([tmp_path])


def test_other_mistakes_are_named(tmp_path):
    with pytest.raises(UserError, match='nowhere: no such file'):
        find_runs([tmp_path / 'nowhere'])
    with pytest.raises(UserError, match='no results.json and no run of training'):
        find_runs([tmp_path])
    write_training(tmp_path / 'a', 1, TRAIN, VAL)
    scalars = tmp_path / 'a/20260101_000000/vis_data/scalars.json'
    with pytest.raises(UserError, match='--metric coco/bbox_map: no run has it. Did you mean coco/bbox_mAP'):
        choose_metrics(find_runs([tmp_path]), ['coco/bbox_map'])
    scalars.write_text('{"lr": \n' + scalars.read_text())
    with pytest.raises(UserError, match='scalars.json: line 1 is no JSON object'):
        find_runs([tmp_path])


def test_papers_numbers_are_those_of_the_headers_of_the_configs():
    papers = paper_numbers()
    assert len(papers) >= 3
    words = {'coco/bbox_mAP': 'box AP', 'lvis/bbox_AP': 'box AP', 'coco/segm_mAP': 'mask AP', 'lvis/segm_AP': 'mask AP'}
    for config, numbers in papers.items():
        path, = ROOT.glob(f'configs/*/{config}.py')
        header = ' '.join(line for line in path.read_text().splitlines() if line.startswith('# '))
        assert len(numbers) == 2
        for metric, stated in numbers.items():
            assert f'{words[metric]} {stated.value}' in header and re.search('paper, Table 3', header)
            assert stated.source.startswith('paper, Table 3') and 'not run by us' in stated.source

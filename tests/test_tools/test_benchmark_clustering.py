"""tools/analysis_tools/benchmark_clustering.py measures what it says; how fast anything is, is not tested."""
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from mmrice.utils import UserError

FOLDER = Path(__file__).resolve().parents[2] / 'tools' / 'analysis_tools'


@pytest.fixture
def tool(monkeypatch):
    """The tool; what it runs in processes of their own runs in this one, its arguments are ``run(...)``."""
    monkeypatch.syspath_prepend(str(FOLDER))
    import benchmark_clustering
    monkeypatch.setattr(benchmark_clustering, 'in_process', lambda function, *arguments: function(*arguments))

    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', ['benchmark_clustering.py', *map(str, arguments)])
        benchmark_clustering.main()

    benchmark_clustering.run = run
    return benchmark_clustering


def test_both_methods_are_measured_at_each_size_and_extrapolated(tool, tmp_path, capsys):
    tool.run('--num-clusters', 12, 30, '--dim', 8, '--points-per-center', 10, '--num-regions', 100, '--repeats', 1,
             '--target', 300, '--json', tmp_path / 'a.json')
    result = json.loads((tmp_path / 'a.json').read_text())
    rows = {(row['method'], row['num_clusters']): row for row in result['rows']}
    assert set(rows) == {(method, count) for method in ('flat', 'hierarchical') for count in (12, 30, 300)}
    assert {key for key, row in rows.items() if row.get('extrapolated')} == {('flat', 300), ('hierarchical', 300)}
    assert rows['flat', 30]['regions'] == 300 and rows['flat', 300]['regions'] == 3000
    assert rows['flat', 30]['sample_mib'] == 300 * 8 * 2 / 2**20 and 0 < rows['flat', 30]['mean_cosine'] < 1
    assert result['ratios']['label_matmul_share'] == pytest.approx(
        rows['flat', 30]['product_us'] / rows['flat', 30]['label_us'])
    growth = max(2, np.log(rows['flat', 30]['fit_s'] / rows['flat', 12]['fit_s']) / np.log(30 / 12))
    assert rows['flat', 300]['fit_s'] == pytest.approx(rows['flat', 30]['fit_s'] * 10**growth)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f'results: {tmp_path / "a.json"}'
    assert 'flat, 300 centres, 10 regions a centre, 20 iterations on this machine, extrapolated' in lines[-3]


def test_exponents_are_slopes_of_the_last_two_sizes(tool):
    rows = [dict(num_clusters=count, fit_s=seconds) for count, seconds in ((10, 99), (100, 2), (1000, 200))]
    assert tool.exponent(rows, 'fit_s') == pytest.approx(2)


def test_drawn_rows_are_the_same_again_and_others_for_another_seed(tool):
    rows, again, other = (tool.draw_rows(200, 20, 8, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(rows, again)
    assert (rows != other).any()
    np.testing.assert_allclose(np.linalg.norm(rows.astype(np.float32), axis=1), 1, atol=2e-3)


@pytest.mark.parametrize('arguments, message', [
    (['--num-clusters', 100], '--num-clusters: expected two different numbers'),
    (['--dim', 0], '--dim: expected 1 or more, found 0'), (['--iterations', 0], '--iterations: expected 1 or more')])
def test_wrong_arguments_are_refused(tool, arguments, message):
    with pytest.raises(UserError, match=message):
        tool.run(*arguments)

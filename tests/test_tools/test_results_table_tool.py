"""tools/analysis_tools/results_table.py on the files that tools/test.py writes."""
import json
import runpy
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / 'tools' / 'analysis_tools' / 'results_table.py'


@pytest.fixture
def table(monkeypatch, capsys):
    """``table(...) -> (exit status, stdout, stderr)``, in this process."""

    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', ['results_table.py', *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(TOOL), run_name='__main__')
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return run


def test_a_table_is_printed_or_written_and_runs_without_results_are_listed(table, tmp_path):
    config = 'cascade-mask-rcnn_frozen-rice-vit-base-p16_8xb2-1x_coco-512px'
    (tmp_path / 'a').mkdir()
    (tmp_path / 'b/20260101_000000').mkdir(parents=True)
    run = dict(config=config, initial_weights='random', seed=1)
    (tmp_path / 'a/results.json').write_text(json.dumps({'coco/bbox_mAP': 0.123, 'run': run}))
    status, out, err = table(tmp_path)
    assert (status, err) == (0, f'without results: {tmp_path}/b\n')
    assert '12.3' in out and '38.9' in out and 'box AP (paper)' in out and '±' not in out
    status, last, _ = table(tmp_path, '--format', 'csv', '--out', tmp_path / 'out/table.csv')
    assert (status, last) == (0, f'table: {tmp_path}/out/table.csv (2 runs)\n')
    assert (tmp_path / 'out/table.csv').read_text().splitlines()[0].startswith('config,weights,from,runs,seeds,')


def test_mistakes_are_one_line_and_a_failure(table, tmp_path):
    (tmp_path / 'results.json').write_text('{')
    status, _, err = table(tmp_path)
    assert status == 1 and err.startswith(f'mmrice: {tmp_path}/results.json: no JSON') and err.count('\n') == 1
    assert table('--group-by', 'seed', '--', tmp_path)[0] == 2

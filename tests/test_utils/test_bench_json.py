"""Benchmarks leave a table and a JSON file with all that the numbers depend on."""
import json
import sys

import numpy as np
import pytest
import torch

from mmrice.utils.bench_json import print_table, write_bench_json

ROWS = [dict(name='ours', count=12345, speed=1.23456), dict(name='theirs', count=7, note='slow')]


def test_file_holds_ratios_rows_environment_and_the_command_as_typed(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['tools/bench.py', '--json', 'out dir/a.json'])
    write_bench_json(tmp_path / 'new' / 'a.json', dict(speed=np.float32(1.5)), ROWS, env=dict(seed=torch.tensor(3)))
    content = json.loads((tmp_path / 'new' / 'a.json').read_text())
    assert list(content) == ['ratios', 'rows', 'env', 'command']
    assert content['ratios'] == {'speed': 1.5}
    assert content['rows'] == ROWS
    assert content['command'] == "python tools/bench.py --json 'out dir/a.json'"
    assert content['env']['seed'] == 3
    assert content['env']['torch'] == torch.__version__
    assert content['env']['threads'] == torch.get_num_threads()
    assert content['env']['packages']['mmrice']
    assert content['env']['cpu'] and content['env']['cores'] >= 1


@pytest.mark.parametrize('wrong', [float('nan'), object()])
def test_file_that_was_there_stays_when_a_number_cannot_be_written(tmp_path, wrong):
    path = tmp_path / 'a.json'
    path.write_text('old')
    with pytest.raises((ValueError, TypeError)):
        write_bench_json(path, dict(speed=wrong), ROWS)
    assert path.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [path]


def test_table_is_markdown_with_numbers_to_the_right_and_gaps_where_a_row_lacks_a_value(capsys):
    print_table(ROWS)
    assert capsys.readouterr().out.splitlines() == [
        '| name   |  count | speed | note |',
        '|--------|-------:|------:|------|',
        '| ours   | 12,345 | 1.235 |      |',
        '| theirs |      7 |       | slow |',
    ]


def test_table_shows_the_columns_asked_for_under_their_headings(capsys):
    print_table(ROWS, {'speed': 'GFLOP/s', 'name': 'model'})
    assert capsys.readouterr().out.splitlines()[0] == '| GFLOP/s | model  |'

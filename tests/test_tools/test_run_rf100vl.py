"""tools/misc/run_rf100vl.py averages over what is finished."""
import json
import runpy
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / 'tools' / 'misc' / 'run_rf100vl.py'


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run the tool over finished sub-datasets, {name: content of results.json}; its status and output."""

    def call(results):
        for name, content in results.items():
            for path, text in ((tmp_path / 'data' / name / 'train' / '_annotations.coco.json', '{}'),
                               (tmp_path / 'runs' / name / 'results.json', content)):
                path.parent.mkdir(parents=True)
                path.write_text(text)
        monkeypatch.setattr(sys, 'argv',
                            ['tool', str(tmp_path / 'data'), 'none.py', '--work-dir', str(tmp_path / 'runs')])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(TOOL), run_name='__main__')
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out + captured.err

    return call


def test_a_sub_dataset_without_test_boxes_counts_in_no_mean(run, tmp_path):
    found = {'aerial-cows': 0.2, 'phages': 0.4, 'bees': -1}
    finished = {name: json.dumps({'coco/bbox_mAP': value}) for name, value in found.items()}
    status, output = run(finished)
    assert status == 0 and 'bees: its test split has no box' in output
    table = (tmp_path / 'runs' / 'rf100vl.md').read_text()
    assert '| Aerial | 20.0 |' in table and '| Microscopic | 40.0 |' in table
    assert '| mean of sub-datasets | 30.0 |' in table and 'bees' not in table


@pytest.mark.parametrize('content', ['{"coco/bbox', '{"accuracy": 1}'])
def test_a_broken_result_is_named(run, content):
    status, output = run({'aerial-cows': content})
    assert status == 1 and 'aerial-cows/results.json: no coco/bbox_mAP' in output.replace('\n', ' ')

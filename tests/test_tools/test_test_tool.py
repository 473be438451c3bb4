"""tools/test.py keeps metrics, predictions and pictures of every host."""
import json
import pickle
import runpy
import sys
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from mmrice.testing.runs import train

TOOL = Path(__file__).parents[2] / 'tools' / 'test.py'
counter = count()


@pytest.fixture(scope='module')
def trained(tiny, tmp_path_factory):
    """Return ``trained(scope) -> (config, checkpoint)``, each made once."""
    made = {}

    def get(scope):
        if scope not in made:
            work_dir = tmp_path_factory.mktemp(scope)
            train(tiny(scope, False), work_dir, train_cfg__max_iters=2)
            made[scope] = (tiny(scope, False), work_dir / 'latest.pth')
        return made[scope]

    return get


@pytest.fixture
def tool(monkeypatch, capsys, tmp_path):
    """Run tools/test.py in this process: ``tool(...) -> (exit status, lines of stdout, stderr)``."""

    def run(*arguments):
        # Two runs of one config within a second would share a name, and with it the default scope of the first.
        name = f'experiment_name={tmp_path.parent.name}-{next(counter)}'
        monkeypatch.setattr(sys, 'argv', ['test.py', *map(str, arguments), '--work-dir', str(tmp_path / 'work'),
                                          '--cfg-options', name])
        with pytest.raises(SystemExit) as exit_info:
            runpy.run_path(str(TOOL), run_name='__main__')
        captured = capsys.readouterr()
        return exit_info.value.code, captured.out.splitlines(), captured.err

    return run


@pytest.mark.parametrize(('scope', 'metric'), [('mmpretrain', 'accuracy/top1'), ('mmdet', 'coco/bbox_mAP'),
                                               ('mmseg', 'mIoU')])
def test_metrics_with_flips_are_kept_as_json(trained, tool, tmp_path, scope, metric):
    status, lines, _ = tool(*trained(scope), '--tta', '--out', tmp_path / 'results.json')
    assert (status, lines[-1]) == (None, f'results: {tmp_path}/results.json')
    assert 0 <= json.loads((tmp_path / 'results.json').read_text())[metric] <= 100


@pytest.mark.parametrize(('scope', 'heading', 'table', 'classes'), [
    ('mmdet', 'COCO, %', 'coco', ['light', 'dark']), ('mmseg', 'segmentation, %', 'segmentation', ['light', 'dark']),
    ('mmpretrain', 'metrics', None, []),
])
def test_classes_and_what_was_measured_are_printed_and_kept(trained, tool, tmp_path, scope, heading, table, classes):
    config, checkpoint = trained(scope)
    status, lines, _ = tool(config, checkpoint, '--classwise', '--out', tmp_path / 'results.json')
    assert status is None and lines.count(heading) == 1
    assert [line.split()[1] for line in lines if line.startswith(('| light', '| dark'))] == classes
    results = json.loads((tmp_path / 'results.json').read_text())
    kept = [list(rows) for kinds in results['per_class'].values() for rows in kinds.values()]
    assert kept == [classes] * bool(classes)
    for row, values in results['summary'].get(table, {}).items():
        printed = next(line for line in lines if line.startswith(f'| {row} ')).split('|')[2:-1]
        expected = ['' if value is None else f'{value:.1f}' for value in values.values()]
        assert [text.strip() for text in printed] == expected
    run = results['run']
    assert (run['config'], run['checkpoint'], run['seed']) == (config.stem, str(checkpoint), 7)
    assert (run['num_images'], run['initial_weights']) == (8, 'random')
    assert abs(datetime.now().astimezone() - datetime.fromisoformat(run['time'])) < timedelta(hours=1)


def test_classes_of_detection_are_printed_only_when_asked_for(trained, tool):
    status, lines, _ = tool(*trained('mmdet'))
    assert status is None and lines[-1].startswith('results: coco/bbox_mAP=')
    assert not [line for line in lines if line.startswith('| light')]


@pytest.mark.parametrize(('scope', 'key'), [('mmpretrain', 'pred_label'), ('mmdet', 'pred_instances')])
def test_predictions_are_kept_as_pickle(trained, tool, tmp_path, scope, key):
    assert tool(*trained(scope), '--out', tmp_path / 'results.pkl')[0] is None
    predictions = pickle.loads((tmp_path / 'results.pkl').read_bytes())
    assert len(predictions) == 8 and all(key in prediction for prediction in predictions)


@pytest.mark.parametrize('scope', ['mmpretrain', 'mmdet', 'mmseg'])
def test_every_image_is_painted(trained, tool, tmp_path, scope):
    assert tool(*trained(scope), '--show-dir', tmp_path / 'show', '--out', tmp_path / 'a.json')[0] is None
    painted = [path for path in (tmp_path / 'show').rglob('*') if path.suffix in ('.png', '.jpg')]
    assert len(painted) == 8


def test_checkpoint_of_another_model_is_an_error(trained, tool):
    config, _ = trained('mmdet')
    _, checkpoint = trained('mmpretrain')
    status, _, err = tool(config, checkpoint)
    assert status == 1
    assert 'of the 90 parameters of FasterRCNN are in it' in err


def test_unknown_ending_of_out_is_an_error(trained, tool, capsys):
    print('nothing yet')
    status, _, err = tool(*trained('mmpretrain'), '--out', 'results.txt')
    assert status == 1
    assert 'ending in .json' in err

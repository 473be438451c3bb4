"""Reading mmengine's logs."""
import json

import pytest

from mmrice.utils import UserError
from mmrice.visualization.scalars import last_values, read_curves


def write_run(work_dir, time, lines):
    path = work_dir / time / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text(''.join(json.dumps(line) + '\n' for line in lines))


def test_the_latest_run_with_a_loss_is_read(tmp_path):
    write_run(tmp_path, '20250101_000000', [dict(loss=9., iter=5, step=5)])
    write_run(tmp_path, '20250102_000000', [dict(loss=4., loss_object=3., lr=0.1, iter=10, step=10),
                                            dict(loss=2., loss_object=1., lr=0.1, iter=20, step=20)])
    write_run(tmp_path, '20250103_000000', [dict(mIoU=3.0, step=0)])  # a test only
    curves = read_curves(tmp_path)
    assert curves['loss'] == ([10, 20], [4., 2.])
    assert last_values(curves) == {'iter': 20, 'loss': 2., 'loss_object': 1.}


def test_values_that_are_no_numbers_are_left_out(tmp_path):
    write_run(tmp_path, '20250101_000000', [dict(loss=float('nan'), step=1), dict(loss=1., note='x', step=2)])
    assert read_curves(tmp_path) == {'loss': ([2], [1.])}


def test_a_folder_without_a_run_is_an_error_that_names_it(tmp_path):
    with pytest.raises(UserError, match=f'{tmp_path}: no run here has logged a loss'):
        read_curves(tmp_path)

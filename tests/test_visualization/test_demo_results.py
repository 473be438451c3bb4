"""The demo's numbers."""
import json

import pytest

from mmrice.utils import UserError
from mmrice.visualization.demo_results import environment, gather, read_metrics, result_rows


def write(path, **metrics):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(metrics))
    return path


def coco(value):
    return {f'coco/{name}': value for name in ('bbox_mAP', 'bbox_mAP_50', 'bbox_mAP_75', 'bbox_mAP_s', 'bbox_mAP_m')
            } | {'coco/bbox_mAP_l': -1.}


def test_metrics_are_in_percent_with_one_decimal_whatever_the_host_stores(tmp_path):
    detection = read_metrics(write(tmp_path / 'd.json', **coco(0.1237)), 'detection')
    assert detection['bbox_mAP'] == 12.4 and detection['bbox_mAP_l'] is None
    assert read_metrics(write(tmp_path / 's.json', mIoU=12.37, mAcc=20., aAcc=30.), 'segmentation')['mIoU'] == 12.4


def test_both_initialisations_stand_side_by_side_in_results_and_rows(tmp_path):
    for kind, factor in (('rice', 2), ('random', 1)):
        write(tmp_path / f'detection_{kind}' / 'metrics.json', **coco(0.1 * factor))
        write(tmp_path / f'segmentation_{kind}' / 'metrics.json', mIoU=5. * factor, mAcc=1., aAcc=1.)
    write(tmp_path / 'pretrain' / '20250101_000000' / 'vis_data' / 'scalars.json', loss=3., accuracy_ocr=50., step=7)
    results = gather(tmp_path)
    assert results['detection']['bbox_mAP'] == 20. and results['detection']['bbox_mAP_random_init'] == 10.
    assert results['segmentation']['mIoU'] == 10. and results['segmentation']['mIoU_random_init'] == 5.
    assert results['pretraining'] == {'iter': 7, 'loss': 3., 'accuracy_ocr': 50.}
    rows = result_rows(results)
    assert rows[0] == ['Detection, trees', 'bbox_mAP', '20.0', '10.0', '+10.0']
    assert 'bbox_mAP_l' not in [row[1] for row in rows]


def test_missing_numbers_are_an_error_that_names_the_file(tmp_path):
    with pytest.raises(UserError, match='metrics.json: no such file'):
        gather(tmp_path)
    with pytest.raises(UserError, match='has no mIoU'):
        read_metrics(write(tmp_path / 'x.json', aAcc=1.), 'segmentation')


def test_the_environment_says_what_numbers_depend_on():
    env = environment()
    assert env['cores'] >= 1 and {'mmrice', 'torch', 'numpy'} <= set(env['versions'])
    assert json.loads(json.dumps(env)) == env

"""The benchmark tools measure what they say and write it down; how fast anything is, is not tested."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(tool, *args):
    return subprocess.run([sys.executable, f'tools/analysis_tools/{tool}.py', *map(str, args)], cwd=ROOT, text=True,
                          capture_output=True)


def test_backbone_benchmark_compares_equal_models_and_writes_its_ratios(tmp_path):
    pytest.importorskip('transformers')
    done = run('benchmark_backbone', '--arch', 'tiny', '--img-size', 32, '--batch-size', 1, '--repeats', 1, '--json',
               tmp_path / 'a.json')
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / 'a.json').read_text())
    assert set(result['ratios']) == {
        'inference_vs_hf', 'train_vs_hf', 'rope_cost', 'train_memory_vs_hf', 'inference_share_of_matmul_ceiling',
        'train_share_of_matmul_ceiling'}
    times = {(row['pass'], row['model']): row['median_ms'] for row in result['rows']}
    for label in ('inference', 'train'):  # of one round, the median of the ratios is the ratio
        assert result['ratios'][f'{label}_vs_hf'] == pytest.approx(
            times[label, 'MLCDVisionModel'] / times[label, 'RICEViT'])
    assert 0 < result['ratios']['train_share_of_matmul_ceiling'] < 2 and result['env']['threads'] >= 1


def test_backbone_benchmark_stops_when_the_models_differ(monkeypatch):
    pytest.importorskip('transformers')
    monkeypatch.syspath_prepend(str(ROOT / 'tools/analysis_tools'))
    monkeypatch.setattr(sys, 'argv', ['benchmark_backbone.py', '--arch', 'tiny', '--img-size', '32'])
    import benchmark_backbone as tool
    import torch

    from mmrice.utils import UserError
    args = tool.parse_args()
    models = {tool.HF: tool.build_hf(args), tool.OURS: tool.build_ours(args)}
    x = torch.randn(1, 3, 32, 32)
    tool.check_equal(models, x)
    models[tool.OURS]._rope = lambda *_: None
    with pytest.raises(UserError, match='differ by'):
        tool.check_equal(models, x)


def test_window_benchmark_reports_growth_and_speed_up(tmp_path):
    done = run('benchmark_window_attention', '--arch', 'tiny', '--sizes', 64, 128, '--window-size', 3,
               '--global-layers', 1, '--repeats', 1, '--json', tmp_path / 'a.json', '--plot', tmp_path / 'a.png')
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / 'a.json').read_text())
    rows = {(row['attention'], row['img_size']): row for row in result['rows']}
    assert len(rows) == 6 and rows['windows', 128]['gflops'] < rows['global', 128]['gflops']
    assert result['ratios']['windows_vs_global_at_128'] == pytest.approx(
        rows['global', 128]['median_ms'] / rows['windows', 128]['median_ms'])
    assert (tmp_path / 'a.png').stat().st_size > 1000


def test_merging_benchmark_predicts_and_measures(tmp_path):
    done = run('benchmark_token_merging', '--arch', 'tiny', '--img-size', 64, '--batch-size', 1, '--after', 3, '--keep',
               0.5, '--repeats', 1, '--json', tmp_path / 'a.json')
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / 'a.json').read_text())
    every, merged = result['rows']
    assert result['ratios']['keep_0.5_measured'] == pytest.approx(every['median_ms'] / merged['median_ms'])
    assert result['ratios']['keep_0.5_predicted'] == pytest.approx(every['gflops'] / merged['gflops'])
    assert 1.2 < result['ratios']['keep_0.5_predicted'] < 1.34  # three of six layers have half of the tokens


@pytest.mark.parametrize('tool, args, message', [
    ('benchmark_token_merging', ['--img-size', 100], '100 is not divisible by the patch size, 16'),
    ('benchmark_backbone', ['--img-size', 100], '100 is not divisible by the patch size, 16'),
    ('benchmark_backbone', ['--repeats', 0], '--repeats: expected 1 or more'),
    ('benchmark_window_attention', ['--sizes', 64], 'two different sizes'),
])
def test_a_wrong_argument_is_one_line(tool, args, message):
    done = run(tool, *args)
    assert done.returncode == 1 and message in done.stderr and 'Traceback' not in done.stderr


def test_region_benchmark_compares_poolings_with_the_encoder_and_with_crops(tmp_path):
    done = run('benchmark_regions', '--arch', 'tiny', '--img-size', 32, '--batch-size', 1, '--regions', 2, '--repeats',
               1, '--json', tmp_path / 'a.json')
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / 'a.json').read_text())
    times = {row['what']: row['seconds'][0] for row in result['rows']}
    assert set(times) == {'encoder', 'crops', 'prompter', 'prompter_all', 'region_transformer', 'roi_align'}
    assert result['ratios']['prompter_share_of_2'] == pytest.approx(times['prompter'] / times['encoder'])
    assert result['ratios']['crops_vs_prompter_of_2'] == pytest.approx(
        times['crops'] / (times['encoder'] + times['prompter']))
    assert len(result['ratios']) == 8
    wrong = run('benchmark_regions', '--img-size', 33)
    assert wrong.returncode == 1 and '--img-size 33 is not divisible by the patch size, 16' in wrong.stderr

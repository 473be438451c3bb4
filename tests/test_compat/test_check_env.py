import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmrice.compat import environment, hints, versions

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools' / 'misc' / 'check_env.py'


def run(*arguments):
    env = dict(os.environ, PYTHONPATH=os.pathsep.join([str(ROOT), os.environ.get('PYTHONPATH', '')]))
    return subprocess.run([sys.executable, str(TOOL), *map(str, arguments)], env=env, capture_output=True, text=True)


def rows_with(monkeypatch, change, need=(), tested=None):
    """The report, by name, where the metadata is what ``change`` makes of it (None for not installed)."""
    real = versions.installed

    def installed(names):
        found = {**real(names), **{name: change[name] for name in names if name in change}}
        return {name: version for name, version in found.items() if version is not None}

    monkeypatch.setattr(versions, 'installed', installed)
    return {row.name: row for row in environment.report(need, tested)}


def test_the_tool_prints_a_table_and_its_verdict_and_writes_json(tmp_path):
    pytest.importorskip('mmdet')
    done = run('--json', tmp_path / 'env.json', '--need', 'mmdet', 'a_module_that_nobody_has')
    report = json.loads((tmp_path / 'env.json').read_text())
    assert done.returncode == 1 and report['fits'] is False
    assert '!!  a_module_that_nobody_has: Install it with `pip install a_module_that_nobody_has`.' in done.stdout
    assert done.stdout.splitlines()[-1].startswith('Needs attention: a_module_that_nobody_has.')
    by_name = {row['name'] for row in report['rows']}
    assert {'python', 'torch', 'torchvision', 'numpy', 'mmcv', 'mmcv ops', 'opencv', 'faiss', 'CPU bf16', 'GPU',
            'a_module_that_nobody_has'} <= by_name
    assert [row['name'] for row in report['rows'] if row['state'] == 'bad'] == ['a_module_that_nobody_has']


def test_the_help_has_an_example():
    assert 'python tools/misc/check_env.py --need' in run('--help').stdout


def test_a_missing_host_is_needed_only_when_asked_for_or_when_it_is_the_last(monkeypatch):
    gone = {'onedl-mmdetection': None, 'mmdet': None}
    row = rows_with(monkeypatch, gone)['mmdet']
    assert (row.found, row.state) == ('missing', 'note') and 'pip install onedl-mmdetection' in row.cure
    assert rows_with(monkeypatch, gone, need=['mmdet'])['mmdet'].state == 'bad'
    all_gone = dict.fromkeys([*hints.FORK_NAMES.values(), *hints.UPSTREAM_NAMES.values()])
    rows = rows_with(monkeypatch, all_gone)
    assert [rows[host].state for host in ('mmdet', 'mmseg', 'mmpretrain')] == ['bad'] * 3


def test_two_opencvs_at_different_versions_are_a_problem(monkeypatch):
    row = rows_with(monkeypatch, {'opencv-python': '4.12.0.88', 'opencv-python-headless': '4.9.0.80'})['opencv']
    assert row.state == 'bad'
    assert row.cure == ('pip uninstall -y opencv-python opencv-python-headless, '
                        'then pip install opencv-python==4.12.0.88')


def test_both_flavours_at_once_are_a_problem(monkeypatch):
    row = rows_with(monkeypatch, {'onedl-mmcv': '2.3.6', 'mmcv': '2.1.0'})['versions']
    assert row.state == 'bad' and 'are both installed' in row.found and 'pip uninstall' in row.cure


def test_torchvision_made_for_another_torch_is_a_problem(monkeypatch):
    monkeypatch.setattr(environment.metadata, 'requires', lambda name: ['numpy', 'torch==2.0.1', 'scipy; extra == "s"'])
    row = rows_with(monkeypatch, {})['torchvision']
    assert row.state == 'bad' and 'made for torch 2.0.1' in row.remark and row.cure == 'pip install torch==2.0.1'


def test_a_missing_optional_package_is_a_note_with_its_purpose(monkeypatch):
    row = rows_with(monkeypatch, {'rapidocr': None})['rapidocr']
    assert (row.state, row.remark) == ('note', 'for building region data: OCR') and 'pip install rapidocr' in row.cure


def test_an_untested_version_that_fits_is_only_remarked_upon(monkeypatch):
    row = rows_with(monkeypatch, {'numpy': '2.9.9'}, tested={'numpy': '2.2.6'})['numpy']
    assert (row.state, row.remark, row.cure) == ('ok', 'tested with 2.2.6', '')


def test_compiled_ops_that_cannot_be_imported_are_a_problem(monkeypatch):
    monkeypatch.setattr(environment.stand_in, 'compiled_spec', lambda: object())
    monkeypatch.setattr(environment, '_try_import',
                        lambda module: 'undefined symbol: _ZN2at' if module == 'mmcv._ext' else None)
    row = rows_with(monkeypatch, {})['mmcv ops']
    assert row.state == 'bad' and 'undefined symbol' in row.remark and '--no-binary onedl-mmcv' in row.cure


def test_a_working_environment_has_nothing_to_mend():
    pytest.importorskip('mmdet')
    assert [row for row in environment.report() if row.state == 'bad'] == []

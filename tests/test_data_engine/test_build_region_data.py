"""The tool as a user runs it: another process, its messages and its exit status."""
import fcntl
import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmrice.datasets.shard_format import read_meta, read_regions

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools' / 'build_region_data.py'


@pytest.fixture
def config(engine, tmp_path):
    path = tmp_path / 'config.py'
    path.write_text(f'engine = {engine!r}\n')
    return str(path)


def start(*args):
    """Start the tool in its own process group."""
    env = {**os.environ, 'PYTHONPATH': os.pathsep.join([str(ROOT), os.environ.get('PYTHONPATH', '')])}
    return subprocess.Popen([sys.executable, str(TOOL), *map(str, args)], env=env, start_new_session=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))


def wait_for(path, process):
    while not path.exists():
        assert process.poll() is None, 'the build ended before it could be interrupted'
        time.sleep(0.002)


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the tool in this process; gives exit status, stdout and stderr."""

    def run(*args):
        monkeypatch.setattr(sys, 'argv', ['build_region_data.py', *map(str, args), '--num-workers', '0'])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(TOOL), run_name='__main__')
        return ended.value.code or 0, *capsys.readouterr()

    return run


def test_workers_know_the_parts_of_a_project(engine, tmp_path, monkeypatch):
    (tmp_path / 'shop_parts.py').write_text(
        'from mmrice.data_engine import WholeImageProposer\nfrom mmrice.registry import ENGINE_STAGES\n\n\n'
        '@ENGINE_STAGES.register_module()\nclass ShelfProposer(WholeImageProposer):\n    pass\n')
    engine['propose'] = {'type': 'ShelfProposer'}
    (tmp_path / 'config.py').write_text(f'custom_imports = dict(imports=["shop_parts"])\nengine = {engine!r}\n')
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    process = start(tmp_path / 'config.py', '--out', tmp_path / 'out', '--num-workers', 1)
    output = process.communicate(timeout=100)[0].decode()
    assert process.returncode == 0 and '10 image regions in 8 clusters' in output.splitlines()[-1]


def test_ctrl_c_is_one_line_and_leaves_nothing_half_written(config, tmp_path):
    process = start(config, '--out', tmp_path / 'out', '--num-workers', 1)
    wait_for(tmp_path / 'out' / '.work' / '000000.ingest.stamp.json', process)
    os.killpg(process.pid, signal.SIGINT)
    output = process.communicate(timeout=60)[0].decode()
    assert process.returncode == 1 and 'Traceback' not in output
    assert output.splitlines()[-1] == 'mmrice: interrupted; finished shards and checkpoints are kept.'
    assert not list(tmp_path.rglob('.tmp-*'))


def test_rendered_words_become_ocr_regions_and_unknown_words_are_counted(config, tmp_path, run):
    pytest.importorskip('rapidocr')
    (tmp_path / 'signs').mkdir()
    for number, text in enumerate(['TEA ROOM', 'ROOM tea', 'Bakery']):
        image = np.full((128, 256, 3), 220, np.uint8)
        cv2.putText(image, text, (20, 70), cv2.FONT_HERSHEY_SIMPLEX, 1, (20, 20, 20), 2)
        cv2.imwrite(str(tmp_path / 'signs' / f'{number}.png'), image)
    args = (config, '--out', tmp_path / 'out', '--cfg-options', f'engine.ingest.sources.photos={tmp_path / "signs"}',
            'engine.cluster.num_clusters=2', 'engine.label.vocabulary.min_count=2')
    code, _, err = run(*args, 'engine.ocr.type=mmrice.RapidOCRReader')
    assert code == 0, err
    assert (tmp_path / 'out' / 'ocr_vocab.json').read_text() == '["room", "tea"]\n'
    regions = read_regions(tmp_path / 'out' / '000000.regions.parquet')
    ocr = [(key, label, text) for key, image in regions.items()
           for label, kind, text in zip(image['labels'], image['kinds'], image['texts']) if kind == 'ocr']
    assert ocr == [('photos_0', [1, 0], 'TEA ROOM'), ('photos_1', [0, 1], 'ROOM tea')]
    meta = read_meta(tmp_path / 'out')
    assert meta['num_classes']['ocr'] == 2 and meta['num_regions']['ocr'] == 2
    assert meta['left_out']['ocr_regions_without_known_word'] == 1
    assert run(*args)[0] == 0  # the same without OCR
    assert not (tmp_path / 'out' / 'ocr_vocab.json').exists() and read_meta(tmp_path / 'out')['num_regions']['ocr'] == 0


@pytest.mark.parametrize('args, message', [
    (['none.py'], 'none.py: no such config'),
    (['CONFIG'], 'has no out_dir. Set it there, or give --out DIR'),
    (['CONFIG', '--out', 'OUT', '--stages', 'propse'], "unknown stage 'propse' for this config. Did you mean propose?"),
    (['CONFIG', '--out', 'OUT', '--stages', 'label'], 'stage ingest has not run here'),
    (['CONFIG', '--out', 'OUT', '--cfg-options', 'engine.embed.type=mmrice.HandcraftedEncodr'],
     'Did you mean mmrice.HandcraftedEncoder?'),
    (['CONFIG', '--out', 'OUT', '--cfg-options', 'engine.propose.scales.7=100'], '--cfg-options: '),
    (['CONFIG', '--out', 'OUT', '--executor', 'rya'], "unknown executor 'rya'. Expected local or ray, or one that"),
    (['CONFIG', '--out', 'OUT', '--executor', 'ray'], '--num-workers is 0, expected 1 or more with Ray'),
    (['CONFIG', '--out', 'OUT', '--cfg-options', 'engine.executors.local.threads=2'],
     'engine.executors.local: mmrice.LocalExecutor: '),
    (['CONFIG', '--out', 'OUT', '--cfg-options', 'engine.ingest.sources.photos=/none', 'engine.ingest.hint=make-data'],
     "/none: no such folder (source 'photos'). Build it with: make-data")])
def test_a_users_mistake_is_one_line_and_exit_status_one(config, tmp_path, run, args, message):
    paths = {'CONFIG': config, 'OUT': str(tmp_path / 'out')}
    code, _, err = run(*(paths.get(arg, arg) for arg in args))
    assert code == 1 and err.startswith('mmrice: ') and message in err and err.count('\n') == 1


def test_a_second_build_in_the_same_folder_is_refused(config, tmp_path, run):
    (tmp_path / 'out' / '.work').mkdir(parents=True)
    with open(tmp_path / 'out' / '.work' / 'lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, _, err = run(config, '--out', tmp_path / 'out')
    assert code == 1 and 'another build is writing to this folder' in err

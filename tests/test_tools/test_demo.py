"""tools/demo.py: ordinary commands, in order, that work."""
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmrice.datasets.shard_format import regions_path, write_meta, write_regions

ROOT = Path(__file__).parents[2]
STEPS = ['mini_data', 'regions', 'pretrain', 'detection_rice', 'detection_rice_test', 'detection_random',
         'detection_random_test', 'segmentation_rice', 'segmentation_rice_test', 'segmentation_random',
         'segmentation_random_test', 'report']


def demo(*arguments, cwd=ROOT):
    env = {**os.environ, 'PYTHONPATH': str(ROOT)}
    return subprocess.run([sys.executable, str(ROOT / 'tools/demo.py'), *arguments], cwd=cwd, env=env,
                          capture_output=True, text=True, timeout=600)


@pytest.fixture(scope='module')
def commands():
    listed = re.findall(r'^(\w+)\n  \$ (.+)$', demo('--list', '--work-dir', 'work_dirs/x').stdout, re.MULTILINE)
    return {name: shlex.split(command) for name, command in listed}


def test_the_steps_are_ordinary_tools_with_configs_that_exist(commands):
    assert list(commands) == STEPS
    for python, tool, *arguments in commands.values():
        assert python == 'python' and (ROOT / tool).is_file()
        assert all((ROOT / one).is_file() for one in arguments if one.startswith('configs/'))


@pytest.mark.parametrize('task', ['detection', 'segmentation'])
def test_both_initialisations_differ_in_the_weights_and_the_folder_alone(commands, task):
    rice, random = commands[f'{task}_rice'], commands[f'{task}_random']
    assert 'model.backbone.init_cfg.checkpoint=work_dirs/x/pretrain/latest.pth' in rice
    assert 'model.backbone.init_cfg=None' in random
    different = [pair for pair in zip(rice, random) if pair[0] != pair[1]]
    assert len(rice) == len(random) and len(different) == 2
    assert (f'work_dirs/x/{task}_rice', f'work_dirs/x/{task}_random') in different


@pytest.mark.parametrize(('arguments', 'message'), [
    (['--steps', 'pretrian'], "unknown step 'pretrian'. Did you mean pretrain?"),
    (['--max-iters', '0'], '--max-iters 0: expected 1 or more')])
def test_a_mistake_is_one_clear_line(arguments, message, tmp_path):
    result = demo(*arguments, '--work-dir', str(tmp_path))
    assert result.returncode == 1 and message in result.stderr
    assert 'Traceback' not in result.stderr and result.stderr.count('\n') == 1


def test_a_failing_tool_ends_the_demo_with_its_own_words_and_command(tmp_path):
    (tmp_path / 'data/mini/regions').mkdir(parents=True)
    (tmp_path / 'data/mini/regions/meta.json').write_text('{}')
    result = demo('--steps', 'pretrain', '--work-dir', 'out', cwd=tmp_path)
    assert result.returncode == 1
    assert 'step pretrain failed with exit status 1' in result.stderr
    assert "field 'schema_version' is missing" in result.stderr
    assert 'rice_vit-tiny_mini.py --work-dir out/pretrain' in result.stderr
    assert 'out/logs/03_pretrain.log' in result.stderr


def test_a_report_without_the_runs_is_an_error(tmp_path):
    result = demo('--steps', 'report', '--work-dir', str(tmp_path))
    assert result.returncode == 1 and 'these steps are missing' in result.stderr


def random_jpeg(generator, side=64):
    stream = io.BytesIO()
    Image.fromarray(generator.integers(0, 255, (side, side, 3), dtype=np.uint8)).save(stream, 'JPEG')
    return stream.getvalue()


@pytest.fixture
def mini(tmp_path):
    """The layout of the mini data with a few noisy images."""
    generator = np.random.default_rng(0)
    regions, scenes = tmp_path / 'data/mini/regions', tmp_path / 'data/mini/scenes'
    regions.mkdir(parents=True)
    with tarfile.open(regions / '000000.tar', 'w') as tar:
        for number in range(4):
            content = random_jpeg(generator)
            info = tarfile.TarInfo(f'{number}.jpg')
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    rows = [dict(key=str(number), box=[0, 0, 60, 60], kind=kind, score=1., labels=[number], text='')
            for number in range(4) for kind in ('object', 'ocr')]
    write_regions(regions_path(regions / '000000.tar'), rows)
    write_meta(regions, dict(schema_version=1, num_shards=1, num_images=4, num_regions=dict(object=4, ocr=4),
                             num_classes=dict(object=4, ocr=4), made_by={}))
    for split in ('train', 'val'):
        (scenes / split).mkdir(parents=True)
        (scenes / 'seg' / split).mkdir(parents=True)
        for number in range(2):
            (scenes / split / f'{number}.jpg').write_bytes(random_jpeg(generator))
            labels = generator.integers(0, 17, (64, 64), dtype=np.uint8)
            Image.fromarray(labels).save(scenes / 'seg' / split / f'{number}.png')
    (tmp_path / 'data/mini/photos').mkdir()
    (tmp_path / 'data/mini/trees').mkdir()
    return tmp_path


def test_pretrained_weights_are_carried_to_a_task_and_nothing_is_done_twice(mini):
    pytest.importorskip('mmseg')
    arguments = ['--steps', 'pretrain', 'segmentation_rice', 'segmentation_rice_test', '--max-iters', '1', '--work-dir',
                 'out']
    first = demo(*arguments, cwd=mini)
    assert first.returncode == 0, first.stderr
    metrics = json.loads((mini / 'out/segmentation_rice/metrics.json').read_text())
    assert 0 <= metrics['mIoU'] <= 100
    assert 'out/pretrain/latest.pth' in (mini / 'out/logs/08_segmentation_rice.log').read_text()
    assert 'no table and no report yet' in first.stdout
    again = demo(*arguments, '--resume', cwd=mini)
    assert again.returncode == 0 and again.stdout.count('complete, not repeated') == 3

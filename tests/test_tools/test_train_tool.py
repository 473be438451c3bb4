"""tools/train.py as a user runs it: killed, resumed, on two processes, and with every mistake."""
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from mmrice.testing.runs import same_weights, train, weights_of

TOOLS = Path(__file__).parents[2] / 'tools'
ENVIRONMENT = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(TOOLS.parent)}


@pytest.fixture
def tool(monkeypatch, capsys):
    """Run a tool in this process: ``tool('train.py', ...) -> (exit status, stdout, stderr)``."""

    def run(name, *arguments):
        monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_info:
            runpy.run_path(str(TOOLS / name), run_name='__main__')
        captured = capsys.readouterr()
        return exit_info.value.code, captured.out, captured.err

    return run


def test_process_killed_by_sigkill_is_resumed_exactly(tiny, tmp_path):
    config = tiny('mmseg', False)
    command = [sys.executable, TOOLS / 'train.py', config, '--work-dir', 'run']
    options = ['--cfg-options', 'train_dataloader.num_workers=1', 'train_cfg.max_iters=12']
    process = subprocess.Popen([*command, *options, 'log_level=INFO'], cwd=tmp_path, env=ENVIRONMENT,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.time() + 120
    while not (tmp_path / 'run/latest.pth').exists() and process.poll() is None and time.time() < deadline:
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / 'run/iter_12.pth').exists()
    resumed = subprocess.run([*command, '--resume', *options], cwd=tmp_path, env=ENVIRONMENT, capture_output=True,
                             text=True, timeout=200)
    assert resumed.returncode == 0, resumed.stderr[-2000:]
    assert resumed.stdout.splitlines()[-1] == 'checkpoint: run/latest.pth (iter_12.pth)'
    train(config, tmp_path / 'whole', train_cfg__max_iters=12)
    assert same_weights(tmp_path / 'run', tmp_path / 'whole')


def test_two_processes_train_together(tiny, tmp_path):
    command = ['bash', TOOLS / 'dist_train.sh', tiny('mmpretrain', False), '2', '--work-dir', 'run', '--cfg-options',
               'train_cfg.max_iters=4', 'default_hooks.checkpoint.interval=2']
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    environment = {**ENVIRONMENT, 'PYTHON': sys.executable, 'PORT': str(port)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-2000:]
    layout = torch.load(tmp_path / 'run/latest.pth', weights_only=True)['meta']['mmrice']
    assert (layout['world_size'], layout['batch_size']) == (2, 3)


def test_file_size_limit_stops_with_one_line_and_a_usable_checkpoint(tiny, tmp_path):
    config = tiny('mmpretrain', False)
    train(config, tmp_path / 'run', train_cfg__max_iters=3)
    code = ('import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); '
            'sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name="__main__")')
    done = subprocess.run([sys.executable, '-c', code, TOOLS / 'train.py', config, '--work-dir', 'run', '--resume'],
                          cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 1
    assert 'iter_6.pth: the disk is full' in done.stderr
    assert 'Traceback' not in done.stderr
    assert (tmp_path / 'run/latest.pth').resolve().name == 'iter_3.pth'
    assert weights_of(tmp_path / 'run')
    assert sorted(path.name for path in (tmp_path / 'run').glob('*iter*')) == ['iter_3.pth', config.name]


def test_dumped_config_trains_as_the_original_did(tiny, tmp_path, tool):
    config = tiny('mmpretrain')
    assert tool('train.py', config, '--work-dir', tmp_path / 'one', '--no-validate')[0] is None
    status, out, _ = tool('train.py', tmp_path / 'one' / config.name, '--work-dir', tmp_path / 'two')
    assert (status, out.splitlines()[-1]) == (None, f'checkpoint: {tmp_path}/two/latest.pth (epoch_3.pth)')
    assert same_weights(tmp_path / 'one', tmp_path / 'two')


def test_scaled_learning_rate_is_printed(tiny, tmp_path, tool):
    _, out, _ = tool('train.py', tiny('mmpretrain', False), '--work-dir', tmp_path, '--auto-scale-lr', '--cfg-options',
                     'auto_scale_lr.base_batch_size=6', 'train_cfg.max_iters=1')
    assert 'learning rate for 1 x 3 samples instead of 6: 0.001 x 0.5 = 0.0005' in out


@pytest.mark.parametrize(('arguments', 'message'), [
    (['--auto-scale-lr'], 'no auto_scale_lr.base_batch_size'),
    (['--resume', 'nowhere.pth'], 'nowhere.pth: no such checkpoint'),
    (['--cfg-options', 'model.backbone.type=VisionTransfomer'], "Did you mean 'VisionTransformer'?"),
    (['--cfg-options', 'train_dataloader.dataset.data_root=data/mini/photos'], 'prepare_mini.py'),
    (['--cfg-options', 'model.backbone.init_cfg.type=mmrice.RICEPretrained',
      'model.backbone.init_cfg.checkpoint=work_dirs/x/latest.pth'], 'work_dirs/x/latest.pth: no such checkpoint'),
])
def test_mistake_is_one_line_and_a_failure(tiny, tmp_path, monkeypatch, tool, arguments, message):
    monkeypatch.chdir(tmp_path)
    status, _, err = tool('train.py', tiny('mmpretrain'), *arguments)
    lines = [line for line in err.splitlines() if line.startswith('mmrice: ')]
    assert status == 1
    assert len(lines) == 1 and message in lines[0]
    assert 'Traceback' not in err


def test_weights_alone_cannot_be_resumed(tiny, tmp_path, tool):
    torch.save(dict(state_dict={}), tmp_path / 'weights.pth')
    status, _, err = tool('train.py', tiny('mmpretrain'), '--work-dir', tmp_path, '--resume', tmp_path / 'weights.pth')
    assert status == 1
    assert 'load_from=' in err

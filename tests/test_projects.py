"""The example project trains from its own folder with mmrice's tool."""
import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mmrice.datasets.shard_format import write_meta, write_regions

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ROOT / 'projects' / 'example_project'


@pytest.fixture(scope='module')
def shards(tmp_path_factory):
    """Region shards of eight noise images with two object regions and one word each."""
    root = tmp_path_factory.mktemp('regions')
    rng, rows = np.random.default_rng(0), []
    with tarfile.open(root / '000000.tar', 'w') as tar:
        for number in range(8):
            key, buffer = f'{number:06d}', io.BytesIO()
            Image.fromarray(rng.integers(0, 256, (96, 128, 3), dtype=np.uint8)).save(buffer, 'JPEG')
            item = tarfile.TarInfo(f'{key}.jpg')
            item.size = buffer.tell()
            buffer.seek(0)
            tar.addfile(item, buffer)
            for kind, box, labels in (('object', [0, 0, 64, 64], [number]), ('object', [40, 20, 128, 90], [number + 1]),
                                      ('ocr', [8, 8, 100, 40], [1, number + 2])):
                rows.append(dict(key=key, box=box, kind=kind, score=1., labels=labels, text=''))
    write_regions(root / '000000.regions.parquet', rows)
    write_meta(root, dict(schema_version=1, num_shards=1, num_images=8, num_regions=dict(object=16, ocr=8),
                          num_classes=dict(object=16, ocr=16), made_by=dict(tool='test')))
    return root


@pytest.mark.parametrize('name', ['uniform_rice_vit-tiny_mini', 'uniform_rice_vit-tiny_mini_by-path'])
def test_example_project_trains_with_its_own_head(name, shards, tmp_path):
    options = ['train_cfg.max_iters=3', 'train_dataloader.batch_size=4', 'train_dataloader.num_workers=0',
               'train_dataloader.persistent_workers=False', 'default_hooks.logger.interval=1',
               f'train_dataloader.dataset.data_root={shards}']
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(['.', str(ROOT)]), OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES='')
    done = subprocess.run(
        [sys.executable, '../../tools/train.py', f'configs/{name}.py', '--work-dir', str(tmp_path), '--cfg-options',
         *options], cwd=PROJECT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count('loss_uniform') == 3, done.stdout
    checkpoint, = tmp_path.glob('iter_3.pth')
    weights = torch.load(checkpoint, weights_only=True, map_location='cpu')['state_dict']
    assert any(key.startswith('head.centers.object') for key in weights)


def test_commands_of_the_readme_name_configs_that_exist():
    commands = [line.split() for line in (PROJECT / 'README.md').read_text().splitlines() if line.startswith('python ')]
    assert len(commands) == 2
    assert all((PROJECT / word).resolve().is_file() for _, *words in commands for word in words)


def test_uniformity_is_lower_for_spread_embeddings(monkeypatch):
    monkeypatch.syspath_prepend(str(PROJECT))
    from example_project.heads import uniformity
    spread = uniformity(torch.eye(8))
    bunched = uniformity(torch.ones(8, 8) + 0.01 * torch.eye(8))
    assert spread.item() == pytest.approx(-4., abs=1e-5)
    assert spread < bunched <= 0
    assert uniformity(torch.ones(1, 8)) == 0

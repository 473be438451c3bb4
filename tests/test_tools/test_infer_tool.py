"""tools/infer.py: pictures and predictions of a folder, bad images left out, errors in one line."""
import json
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

TOOL = Path(__file__).parents[2] / 'tools' / 'infer.py'
RICE = """
default_scope = 'mmpretrain'
train_dataloader = dict(dataset=dict(pipeline=[dict(type='mmrice.RandomResizedRegionCrop', scale=(64, 48))]))
model = dict(
    type='mmrice.RICE',
    data_preprocessor=dict(mean=[127.] * 3, std=[60.] * 3, bgr_to_rgb=True),
    backbone=dict(type='mmrice.RICEViT', patch_size=16, out_type='raw',
                  arch=dict(embed_dims=32, num_layers=1, num_heads=2, feedforward_channels=64)),
    neck=dict(type='mmrice.RegionTransformer', in_channels=32, out_channels=24, num_heads=2, patch_size=16),
    head=dict(type='mmrice.ClusterDiscriminationHead', embed_dims=24, object=dict(num_classes=3)))
"""


@pytest.fixture
def tool(monkeypatch, capsys):
    """Run tools/infer.py in this process: ``tool(...) -> (exit status, lines of stdout, stderr)``."""

    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', ['infer.py', '--device', 'cpu', *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(TOOL), run_name='__main__')
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out.splitlines(), captured.err

    return run


def save(config, path):
    """An untrained checkpoint of a config."""
    cfg = Config.fromfile(config)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), path)
    return path


@pytest.fixture(scope='module')
def made(tiny, tmp_path_factory):
    """{name: (config, checkpoint)} of a segmentor and of RICE."""
    for name in ('mmseg', 'mmpretrain'):
        pytest.importorskip(name)
    folder = tmp_path_factory.mktemp('made')
    (folder / 'rice.py').write_text(RICE)
    return {name: (config, save(config, folder / f'{name}.pth'))
            for name, config in (('segmentor', tiny('mmseg')), ('rice', folder / 'rice.py'))}


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / 'photos'
    (folder / 'more').mkdir(parents=True)
    for number, name in enumerate(('a.jpg', 'more/a.jpg')):
        cv2.imwrite(str(folder / name), np.full((40, 50, 3), 100 * number, np.uint8))
    (folder / 'broken.jpg').write_bytes((folder / 'a.jpg').read_bytes()[:200])
    (folder / 'notes.txt').write_text('no image')
    return folder


def test_a_folder_is_inferred_and_what_cannot_be_read_is_named(tool, made, photos, tmp_path):
    status, lines, _ = tool(photos, *made['segmentor'], '--out-dir', tmp_path / 'out')
    assert status == 0 and lines[-1] == (f'results: {tmp_path}/out/predictions.json, '
                                         f'pictures: {tmp_path}/out/pictures')
    content = json.loads((tmp_path / 'out' / 'predictions.json').read_text())
    assert [one['image'] for one in content['images']] == [str(photos / 'a.jpg'), str(photos / 'more' / 'a.jpg')]
    assert [one['image'] for one in content['skipped']] == [str(photos / 'broken.jpg')]
    assert any(line.startswith(f'skipped: {photos}/broken.jpg: ') for line in lines)
    assert '2 images in' in lines[-2] and '1 skipped' in lines[-2]
    pictures = sorted(path.relative_to(tmp_path / 'out') for path in (tmp_path / 'out').rglob('*.jpg'))
    assert list(map(str, pictures)) == sorted(one['picture'] for one in content['images'])


def test_boxes_of_a_pretraining_config_give_features(tool, made, photos, tmp_path):
    boxes = tmp_path / 'boxes.json'
    boxes.write_text(json.dumps({str(photos / 'a.jpg'): [[0, 0, 20, 20], [5, 5, 50, 40]], 'b.jpg': [[0, 0, 9, 9]],
                                 str(photos / 'more' / 'a.jpg'): [[0, 0, 20, 20]]}))
    status, lines, _ = tool(photos, *made['rice'], '--out-dir', tmp_path / 'out', '--boxes', boxes)
    assert status == 0 and lines[-2].endswith('regions 3 x 24')
    content = json.loads((tmp_path / 'out' / 'predictions.json').read_text())
    assert [[one['row'] for one in image['regions']] for image in content['images']] == [[0, 1], [2]]
    from mmrice.apis import RegionFeatureExtractor
    features = np.load(tmp_path / 'out' / 'features.npz')
    expected = RegionFeatureExtractor(*made['rice'], device='cpu')(photos / 'a.jpg', [[5, 5, 50, 40]])
    np.testing.assert_allclose(features['regions'][1:2], expected, atol=1e-5)
    assert features['images'].shape == (2, 32)


@pytest.mark.parametrize(('kind', 'arguments', 'message'), [
    ('rice', (), 'which embeds regions. Say which with --boxes'),
    ('rice', ('--boxes', '1,2,3'), "'1,2,3' is no box"),
    ('rice', ('--boxes', 'none.json'), '--boxes none.json: no such file'),
    ('rice', ('--boxes', '500,500,600,600'), 'none of 3 images could be used'),
    ('segmentor', ('--boxes', '1,2,3,4'), 'is no pretraining config'),
    ('segmentor', ('--device', 'gpu'), "device is 'gpu', expected"),
    ('segmentor', ('--device', 'cuda:99'), "device is 'cuda:99', but torch sees")])
def test_what_is_wrong_is_said_in_one_line(kind, arguments, message, tool, made, photos, tmp_path):
    status, _, err = tool(photos, *made[kind], '--out-dir', tmp_path / 'out', *arguments)
    assert status == 1 and message in err and len(err.strip().splitlines()) == 1


def test_missing_images_and_checkpoints_are_named(tool, made, photos, tmp_path):
    config, checkpoint = made['segmentor']
    assert f'{tmp_path}/none: no such image or folder' in tool(tmp_path / 'none', config, checkpoint)[2]
    (tmp_path / 'empty').mkdir()
    assert f'{tmp_path}/empty: holds no images' in tool(tmp_path / 'empty', config, checkpoint)[2]
    assert 'none.pth: no such checkpoint' in tool(photos, config, tmp_path / 'none.pth')[2]
    assert 'none.py: no such config' in tool(photos, tmp_path / 'none.py', checkpoint)[2]

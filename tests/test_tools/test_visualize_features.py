"""tools/analysis_tools/visualize_features.py: any backbone, images and videos, the attention of a box."""
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

TOOL = Path(__file__).parents[2] / 'tools' / 'analysis_tools' / 'visualize_features.py'
VIT = ("dict(type='mmrice.RICEViT', patch_size=8, "
       "arch=dict(embed_dims=32, num_layers=1, num_heads=2, feedforward_channels=64))")
NORM = 'dict(mean=[127.] * 3, std=[60.] * 3, bgr_to_rgb=True)'
CONFIGS = {
    'bare': f'backbone = {VIT}\nmean, std = [127.] * 3, [60.] * 3',
    'alone': f'model = {VIT}',
    'frozen': f"model = dict(backbone=dict(type='mmrice.FrozenBackbone', backbone={VIT}), data_preprocessor={NORM})",
}


@pytest.fixture
def tool(monkeypatch, capsys, tmp_path):
    """Run the tool in this process: ``tool(...) -> (exit status, stdout, stderr, first page or None)``."""

    def run(*arguments):
        monkeypatch.setattr('logging.raiseExceptions', False)  # loggers of earlier tests hold their closed streams
        out = tmp_path / 'out'
        monkeypatch.setattr(sys, 'argv', ['visualize_features.py', *map(str, arguments), '--out-dir', str(out),
                                          '--device', 'cpu', '--size', '64'])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(TOOL), run_name='__main__')
        captured = capsys.readouterr()
        page = out / 'features_000.png'
        return (ended.value.code or 0, captured.out, captured.err,
                cv2.imread(str(page)) if page.exists() else None)

    return run


@pytest.fixture
def photos(tmp_path):
    """Two equal photos and another one."""
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (4, 6, 3), np.uint8).repeat(16, 0).repeat(16, 1) for _ in range(2)]
    (tmp_path / 'photos').mkdir()
    for name, image in zip('abc', (images[0], images[1], images[0])):
        cv2.imwrite(str(tmp_path / 'photos' / f'{name}.png'), image)
    return tmp_path / 'photos'


@pytest.fixture
def config(tmp_path):
    """``config(name) -> path`` of a backbone in the form of that name."""

    def write(name):
        (tmp_path / f'{name}.py').write_text(CONFIGS[name])
        return tmp_path / f'{name}.py'

    return write


@pytest.fixture
def weights(config, tmp_path):
    """A checkpoint of the backbone."""
    torch.manual_seed(0)
    backbone = MODELS.build(Config.fromfile(config('alone')).model)
    for parameter in backbone.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    torch.save(dict(state_dict={f'backbone.{key}': value for key, value in backbone.state_dict().items()}),
               tmp_path / 'vit.pth')
    return tmp_path / 'vit.pth'


@pytest.mark.parametrize('name', list(CONFIGS))
def test_equal_images_get_equal_colours_whatever_the_form_of_the_config(name, tool, photos, config, weights):
    status, out, _, page = tool(photos, config(name), weights)
    assert status == 0 and '3 images, features of 32 channels, 5 x 8 patches' in out
    assert out.splitlines()[-1].startswith('results: ') and out.splitlines()[-1].endswith('features_000.png')
    first, second, third = (page[:-18, start:start + 288] for start in (0, 294, 588))
    assert np.array_equal(first, third) and not np.array_equal(first, second)
    assert ('ImageNet' in out) == (name == 'alone')


@pytest.mark.parametrize(('scope', 'shape'), [('mmpretrain', '16 channels, 3 x 4 patches'),
                                              ('mmdet', '64 channels, 1 x 2 patches')])
def test_backbones_of_the_hosts_are_drawn(scope, shape, tool, photos, tiny, tmp_path):
    pytest.importorskip(scope)
    cfg = Config.fromfile(tiny(scope))
    with DefaultScope.overwrite_default_scope(scope):
        torch.save(MODELS.build(cfg.model).state_dict(), tmp_path / 'host.pth')
    status, out, _, page = tool(photos, tiny(scope), tmp_path / 'host.pth')
    assert status == 0 and shape in out and page is not None


def test_frames_are_evenly_spaced_over_a_video(tool, config, tmp_path):
    writer = cv2.VideoWriter(str(tmp_path / 'film.avi'), cv2.VideoWriter_fourcc(*'MJPG'), 5, (96, 64))
    for number in range(11):
        writer.write(np.full((64, 96, 3), 20 * number, np.uint8))
    writer.release()
    status, out, _, page = tool(tmp_path / 'film.avi', config('bare'), 'random', '--max-images', 3)
    assert status == 0 and '3 images' in out
    levels = [int(page[50, start + 100].mean()) for start in (0, 294, 588)]
    np.testing.assert_allclose(levels, [0, 100, 200], atol=4)


def test_attention_lights_up_the_box_alone(tool, photos, config, weights):
    status, out, _, page = tool(photos / 'a.png', config('bare'), weights, '--box', '0,0,48,64')
    assert status == 0 and 'parameter-free pooling' in out
    panel = page[2 * (192 + 2):2 * (192 + 2) + 192].astype(int)
    colour = (panel.max(2) - panel.min(2))[5:-5]
    assert colour[:, 150:].max() == 0 and colour[:, 5:135].mean() > 10


@pytest.mark.parametrize(('arguments', 'message'), [
    (('none', 'alone', 'random'), 'none: no such image or folder'),
    (('photos', 'alone', 'none.pth'), 'none.pth: no such checkpoint'),
    (('photos', 'alone', 'random', '--box', '0,0,9,9'), '--box needs a checkpoint'),
    (('photos', 'bare', 'vit.pth', '--box', '0,0,9'), "'0,0,9' is no box"),
    (('photos', 'empty', 'random'), 'has neither a model with a backbone nor a backbone'),
    (('photos', 'bare', 'random', '--max-images', '0'), '--max-images is 0')])
def test_what_is_wrong_is_said_in_one_line(arguments, message, tool, photos, config, weights, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'empty.py').write_text('x = 1')
    for name in CONFIGS:
        config(name)
    path, name, *rest = arguments
    status, _, err, page = tool(path, f'{name}.py', *rest)
    assert status == 1 and message in err and len(err.strip().splitlines()) == 1 and page is None

"""Heads overfit a few scenes and are measured on them: here the cheapest, on drawn scenes; all by run_overfit.py."""
import runpy
from pathlib import Path

import pytest

from mmrice.datasets.mini.scenes import write_scenes
from mmrice.testing.mini_material import drawn_material
from mmrice.testing.runs import train

ROOT = Path(__file__).resolve().parents[2]
QUICK = ROOT / 'configs' / 'quick'
ARCH = dict(_delete_=True, embed_dims=64, num_layers=2, num_heads=2, feedforward_channels=128)


@pytest.fixture(scope='module')
def tool():
    return runpy.run_path(str(ROOT / 'tools' / 'misc' / 'run_overfit.py'))


def test_every_overfit_config_has_a_bar_and_is_measured_on_the_images_that_it_trains_on(tool):
    from mmengine.config import Config
    assert {path.stem for path in QUICK.glob('*-overfit.py')} <= set(tool['BARS'])
    for name in tool['BARS']:
        cfg = Config.fromfile(QUICK / f'{name}.py')
        seen, measured = cfg.train_dataloader.dataset, cfg.test_dataloader.dataset
        assert (seen.indices, measured.indices) == (4, 4)
        assert seen.data_prefix == measured.data_prefix and seen.get('ann_file') == measured.get('ann_file')
        assert cfg.train_cfg.max_iters == cfg.param_scheduler[-1].end


def test_a_metric_passes_only_above_its_bar(tool):
    found = tool['compare']({'mIoU': 90.}, {'mIoU': 90., 'PQ': 70.})
    assert [above for *_, above in found] == [False, False]
    assert tool['compare']({'mIoU': 90.1}, {'mIoU': 90.})[0][-1]


def test_a_linear_head_and_a_small_vit_overfit_two_drawn_scenes(tmp_path):
    root = tmp_path / 'scenes'
    root.mkdir()
    write_scenes(*drawn_material(), root, dict(train=2, val=1), size=96, seed=0)
    options = {f'{loader}__{key}': value for loader in ('train_dataloader', 'val_dataloader')
               for key, value in (('dataset__data_root', f'{root}/'), ('dataset__indices', 2), ('num_workers', 0),
                                  ('persistent_workers', False), ('batch_size', 2))}
    runner = train(QUICK / 'linear_rice-vit-tiny_mini-scenes-overfit.py', tmp_path / 'run', model__backbone__arch=ARCH,
                   model__decode_head__in_channels=64, train_cfg__max_iters=80, train_cfg__val_interval=80,
                   param_scheduler__1__end=80, optim_wrapper__optimizer__lr=5e-3, **options)
    miou = runner.message_hub.get_scalar('val/mIoU').current()
    assert miou > 85

"""Registries, default scopes and configs inherited from other packages: traps of OpenMMLab, each pinned down."""
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import MODELS as ROOT_MODELS
from mmengine.registry import DefaultScope

import mmrice  # noqa: F401 as every tool does first: mmdet needs its stand-in where mmcv has no compiled ops

ROOT = Path(__file__).resolve().parents[1]
HOSTS = ('mmdet', 'mmseg', 'mmpretrain')
TINY = dict(embed_dims=48, num_layers=1, num_heads=2, feedforward_channels=48)
BACKBONE = dict(type='mmrice.RICEViT', arch=TINY, patch_size=8)
OURS = {
    'RICEViT': BACKBONE,
    'RegionTransformer':
    dict(type='mmrice.RegionTransformer', in_channels=48, out_channels=8, num_heads=2, patch_size=8),
    'ClusterDiscriminationHead':
    dict(type='mmrice.ClusterDiscriminationHead', embed_dims=8, object=dict(num_classes=4)),
    'PoolFeaturePyramid': dict(type='mmrice.PoolFeaturePyramid', in_channels=48, out_channels=8),
    'SimpleFeaturePyramid': dict(type='mmrice.SimpleFeaturePyramid', in_channels=48, out_channels=8),
}
BLOCK = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {blocked!r}:
            raise ModuleNotFoundError(f'No module named {{name!r}}', name=name)
sys.meta_path.insert(0, Blocker())
"""


def python(code, blocked=()):
    """Run code in a fresh interpreter that has no module named in ``blocked``; its output."""
    done = subprocess.run([sys.executable, '-c', BLOCK.format(blocked=tuple(blocked)) + code], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT,
                          env=dict(os.environ, PYTHONPATH=str(ROOT)))
    assert done.returncode == 0, done.stdout
    return done.stdout


def config_file(folder, text, name='config.py'):
    path = folder / name
    path.write_text(text)
    return Config.fromfile(path)


@pytest.mark.parametrize('host', HOSTS)
@pytest.mark.parametrize('name', OURS)
def test_prefixed_type_builds_under_a_hosts_default_scope(host, name):
    registry = importlib.import_module(f'{host}.registry').MODELS
    with DefaultScope.overwrite_default_scope(host):
        for models in (registry, ROOT_MODELS):
            assert type(models.build(OURS[name])).__name__ == name


@pytest.mark.parametrize('host', HOSTS)
def test_algorithm_builds_under_a_hosts_default_scope(host):
    model = dict(type='mmrice.RICE', backbone=dict(BACKBONE, out_type='raw'), neck=OURS['RegionTransformer'],
                 head=OURS['ClusterDiscriminationHead'])
    with DefaultScope.overwrite_default_scope(host):
        built = ROOT_MODELS.build(model)
    assert [type(part).__name__ for part in (built.backbone, built.neck, built.head)] == [
        'RICEViT', 'RegionTransformer', 'ClusterDiscriminationHead']


@pytest.mark.parametrize('host', HOSTS)
def test_unprefixed_type_is_not_found_under_a_hosts_default_scope(host):
    unprefixed = dict(BACKBONE, type='RICEViT')
    with DefaultScope.overwrite_default_scope(host):
        with pytest.raises(KeyError, match='RICEViT'):
            ROOT_MODELS.build(dict(unprefixed))
        ROOT_MODELS.build(dict(unprefixed, _scope_='mmrice'))


@pytest.mark.parametrize('host', ['mmseg', 'mmpretrain'])
def test_type_is_found_without_custom_imports_or_importing_mmrice(host):
    out = python(f"""
from {host}.registry import MODELS
from mmengine.registry import DefaultScope
assert 'mmrice' not in sys.modules
with DefaultScope.overwrite_default_scope({host!r}):
    print(type(MODELS.build({BACKBONE!r})).__module__)
""")
    assert out.splitlines()[-1] == 'mmrice.models.backbones.rice_vit'


def test_importing_mmrice_its_registries_and_its_data_engine_brings_no_host_and_no_model():
    out = python("""
import mmrice, mmrice.registry, mmrice.utils, mmrice.data_engine.stages  # all that a worker of the engine starts with
print(sorted({name.partition('.')[0] for name in sys.modules} & {'mmcv', 'mmdet', 'mmseg', 'mmpretrain', 'torch'}))
""")
    assert out.splitlines()[-1] == '[]'


def test_registry_locations_import_no_host():
    out = python("""
import importlib
import mmrice.registry as registry
for value in vars(registry).values():
    if isinstance(value, registry.Registry):
        value.known()
        print(value.name, len(value))
print(sorted({name.partition('.')[0] for name in sys.modules} & {'mmdet', 'mmseg', 'mmpretrain'}))
""")
    assert out.splitlines()[-1] == '[]'
    counts = dict(line.rsplit(' ', 1) for line in out.splitlines() if line[-1:].isdigit())
    assert int(counts['model']) >= len(OURS) and int(counts['transform']) >= 7
    assert int(counts['data sampler']) >= 2 and int(counts['function']) >= 1


def test_missing_host_is_named_with_its_install_command_when_a_config_needs_it():
    out = python(f"""
from mmengine.registry import MODELS
from mmrice.utils import UserError
MODELS.build({BACKBONE!r})
try:
    MODELS.build(dict(type='mmrice.RICE'))
except UserError as error:
    print(error)
""", blocked=['mmpretrain'])
    assert 'mmpretrain' in out.splitlines()[-1]
    assert 'pip install' in out.splitlines()[-1]


def test_models_of_one_host_build_where_the_other_hosts_are_missing():
    out = python(f"""
import mmrice
from mmengine.registry import DefaultScope
from mmdet.registry import MODELS
with DefaultScope.overwrite_default_scope('mmdet'):
    print(type(MODELS.build({BACKBONE!r})).__name__)
""", blocked=['mmpretrain', 'mmseg'])
    assert out.splitlines()[-1] == 'RICEViT'


def test_nearest_name_is_found_among_types_not_imported_yet():
    from mmrice.registry import MODELS
    assert MODELS.nearest('RICEVit') == 'RICEViT'
    assert MODELS.nearest('RICe') == 'RICE'
    assert MODELS.nearest('qqqqqqqq') is None


@pytest.mark.parametrize('base', [
    'mmdet::_base_/models/faster-rcnn_r50_fpn.py', 'mmseg::_base_/models/upernet_beit.py',
    'mmpretrain::_base_/models/mae_vit-base-p16.py', 'mmrice::quick/rice_vit-tiny_mini.py'
])
def test_base_of_each_package_resolves(base, tmp_path):
    cfg = config_file(tmp_path, f'_base_ = {base!r}\n')
    assert 'type' in cfg.model


def test_inherited_dicts_keep_the_scope_of_their_package_and_new_ones_get_none(tmp_path):
    config_file(tmp_path, "_base_ = 'mmdet::_base_/models/faster-rcnn_r50_fpn.py'\n", 'base.py')
    cfg = config_file(tmp_path, f"_base_ = 'base.py'\nmodel = dict(backbone=dict(_delete_=True, **{BACKBONE!r}))\n"
                      "custom_hooks = [dict(type='mmdet.NumClassCheckHook')]\n")
    assert cfg.model._scope_ == 'mmdet'
    assert '_scope_' not in cfg.custom_hooks[0]
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        detector = ROOT_MODELS.build(dict(cfg.model, data_preprocessor=dict(type='mmdet.DetDataPreprocessor')))
    assert type(detector.backbone).__name__ == 'RICEViT'


def test_inheriting_by_package_equals_inheriting_by_path(tmp_path):
    """No dict is stamped with our scope, so hosts' types in our configs need no prefix when others inherit them."""
    names = sorted(path.relative_to(ROOT / 'configs').as_posix() for path in (ROOT / 'configs/quick').glob('*.py'))
    assert len(names) >= 4
    for name in names:
        by_package = config_file(tmp_path, f"_base_ = 'mmrice::{name}'\n", 'package.py')
        by_path = config_file(tmp_path, f"_base_ = '{ROOT / 'configs' / name}'\n", 'path.py')
        assert by_package.to_dict() == by_path.to_dict()
        assert "_scope_='mmrice'" not in by_package.pretty_text

"""Configs are read with hints at what a user mistyped."""
import pytest

from mmrice.apis.config import load_config, unknown_keys
from mmrice.utils import UserError


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'faster-rcnn.py'
    path.write_text("default_scope = 'mmdet'\nmodel = dict(backbone=dict(depth=18), steps=[dict(a=1)])\n")
    return path


def test_wrong_path_names_the_nearest_config(config):
    with pytest.raises(UserError, match=r'no such config. Did you mean .*faster-rcnn.py\?'):
        load_config(str(config.with_name('faster_rcn.py')))


def test_config_of_a_package_is_read_by_its_name_there():
    cfg = load_config('mmdet::retinanet/retinanet_r18_fpn_1x_coco.py', {'model.backbone.depth': 34})
    assert (cfg.model.type, cfg.default_scope, cfg.model.backbone.depth) == ('RetinaNet', 'mmdet', 34)


@pytest.mark.parametrize(('path', 'message'), [
    ('mmdet::retinanet/nothing.py', 'no such config. Expected a file, or mmdet::'),
    ('mmdet::nothing', 'no such config. Expected'),
    ('mmnothing::retinanet/a.py', 'no such config. Expected'),
])
def test_config_that_a_package_does_not_have_is_an_error(path, message):
    with pytest.raises(UserError, match=f'^{path}: {message}'):
        load_config(path)


def test_missing_base_is_named(config):
    config.write_text("_base_ = 'nowhere.py'\n")
    with pytest.raises(UserError, match='nowhere.py'):
        load_config(str(config))


def test_syntax_error_names_the_line(config):
    config.write_text('model = dict(\n')
    with pytest.raises(UserError, match='faster-rcnn.py: line 1'):
        load_config(str(config))


def test_overrides_are_applied(config):
    cfg = load_config(str(config), {'model.backbone.depth': 50, 'model.steps.0.a': 2})
    assert (cfg.model.backbone.depth, cfg.model.steps[0].a) == (50, 2)


@pytest.mark.parametrize(('key', 'hint'), [
    ('modle.backbone.depth', "has no field 'modle', it is added; did you mean 'model'?"),
    ('model.bakbone.depth', "model has no field 'bakbone', it is added; did you mean 'backbone'?"),
    ('model.backbone.init_cfg', None),
    ('model.steps.0.a', None),
])
def test_key_that_leads_nowhere_is_warned_about(config, key, hint):
    warnings = unknown_keys(load_config(str(config)), {key: 1})
    assert (hint in warnings[0]) if hint else (warnings == [])


def test_list_index_out_of_range_is_a_user_error(config):
    with pytest.raises(UserError, match='--cfg-options'):
        load_config(str(config), {'model.steps.7.a': 2})


def test_a_base_of_a_host_that_is_not_installed_names_it_and_the_command(tmp_path):
    config = tmp_path / 'config.py'
    config.write_text("_base_ = 'mmocr::textdet/dbnet/dbnet.py'\n")
    with pytest.raises(UserError, match=r'needs mmocr, which is not installed\. Install it with `pip install mmocr`'):
        load_config(str(config))

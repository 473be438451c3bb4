"""RICEPretrained loads a backbone from what users have, or says what is wrong."""
import pytest
import torch
from mmengine.model import BaseModule
from mmengine.registry import DefaultScope
from safetensors.torch import save_file
from torch import nn

from mmrice.engine import RICEPretrained
from mmrice.utils import UserError


class _Part(BaseModule):

    def __init__(self):
        super().__init__(init_cfg=dict(type='Constant', layer='Linear', val=0.))
        self.fc = nn.Linear(3, 3)


class _Backbone(BaseModule):

    def __init__(self, width=3, **kwargs):
        super().__init__(**kwargs)
        self.part, self.out = _Part(), nn.Linear(3, width)


@pytest.fixture
def weights():
    return {key: torch.rand_like(value) for key, value in _Backbone().state_dict().items()}


@pytest.mark.parametrize('prefix', ['', 'backbone.', 'module.backbone.', 'model.backbone.', 'encoder.'])
def test_prefix_is_found(weights, tmp_path, prefix):
    torch.save(dict(state_dict={**{prefix + key: value for key, value in weights.items()}, 'head.w': torch.ones(1)}),
               tmp_path / 'a.pth')
    module = _Backbone()
    RICEPretrained(tmp_path / 'a.pth')(module)
    assert all(torch.equal(value, weights[key]) for key, value in module.state_dict().items())


@pytest.mark.parametrize('scope', ['mmpretrain', 'mmdet', 'mmseg'])
def test_it_is_found_from_each_host_and_children_do_not_overwrite_it(weights, tmp_path, scope):
    save_file(weights, tmp_path / 'a.safetensors')
    module = _Backbone(init_cfg=dict(type='mmrice.RICEPretrained', checkpoint=str(tmp_path / 'a.safetensors')))
    with DefaultScope.overwrite_default_scope(scope):
        module.init_weights()
    assert all(torch.equal(value, weights[key]) for key, value in module.state_dict().items())


def test_other_architecture_is_named_with_both_shapes(weights, tmp_path):
    torch.save(weights, tmp_path / 'a.pth')
    with pytest.raises(UserError, match=r'out.weight is \(3, 3\) in the checkpoint and \(5, 3\) in the model'):
        RICEPretrained(tmp_path / 'a.pth')(_Backbone(width=5))


def test_missing_parameter_is_an_error_unless_the_config_allows_it(weights, tmp_path):
    del weights['out.bias']
    torch.save(weights, tmp_path / 'a.pth')
    with pytest.raises(UserError, match='3 of the 4 parameters of _Backbone are in it; missing: out.bias'):
        RICEPretrained(tmp_path / 'a.pth')(_Backbone())
    RICEPretrained(tmp_path / 'a.pth', min_coverage=0.75)(_Backbone())


def test_missing_checkpoint_names_the_command_that_makes_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'configs/quick').mkdir(parents=True)
    (tmp_path / 'configs/quick/my-run.py').write_text('')
    with pytest.raises(UserError, match='python tools/train.py configs/quick/my-run.py'):
        RICEPretrained('work_dirs/my-run/latest.pth')(_Backbone())


def test_empty_path_says_how_to_give_one():
    with pytest.raises(UserError, match='model.backbone.init_cfg.checkpoint='):
        RICEPretrained(None)


def test_report_counts_every_kind_of_key(weights):
    from mmrice.engine import load_weights
    weights['extra'] = weights.pop('out.weight')
    report = load_weights(_Backbone(), weights, 'a.pth')
    assert (len(report.matched), report.missing, report.unexpected) == (3, ['out.weight'], ['extra'])
    assert report.table().splitlines()[0] == 'a.pth -> _Backbone: 75.0% of the parameters loaded'

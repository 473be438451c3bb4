"""A checkpoint with LoRA becomes one of a plain backbone with equal outputs."""
import runpy
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmrice.engine.weights import load_backbone
from mmrice.models import AdaptedBackbone, RICEViT

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'model_converters' / 'merge_lora.py'
VIT = dict(type='mmrice.RICEViT', arch=dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=48),
           patch_size=8, out_type='featmap', window_size=2)


@pytest.fixture
def merge(monkeypatch, capsys):
    """``merge(...) -> (exit status, stdout, stderr)``, in this process."""

    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', ['merge_lora.py', *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(TOOL), run_name='__main__')
        return (ended.value.code or 0, *capsys.readouterr())

    return run


def save(path, tuning, kind='mmrice.AdaptedBackbone'):
    torch.manual_seed(0)
    backbone = dict(type=kind, backbone=VIT, tunings=[tuning])
    model = AdaptedBackbone(VIT, [tuning]).eval()
    for parameter in model.tunings.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    state = {f'backbone.{key}': value for key, value in model.state_dict().items()}
    text = Config(dict(model=dict(type='EncoderDecoder', backbone=backbone))).pretty_text
    torch.save(dict(state_dict={**state, 'decode_head.weight': torch.zeros(2)}, meta=dict(cfg=text)), path)
    return model


def test_the_merged_backbone_loads_as_any_other_and_gives_the_same_features(merge, tmp_path):
    model = save(tmp_path / 'tuned.pth', dict(type='mmrice.LoRA', rank=3))
    status, out, _ = merge(tmp_path / 'tuned.pth', tmp_path / 'plain.pth')
    assert status == 0 and out.splitlines()[-1] == f'backbone: {tmp_path}/plain.pth'
    found = load_backbone(tmp_path / 'plain.pth')
    assert found.config['window_size'] == 2
    plain = RICEViT(**{**{key: value for key, value in VIT.items() if key != 'type'}})
    plain.load_state_dict(found.state)
    x = torch.randn(1, 3, 40, 24)
    torch.testing.assert_close(plain.eval()(x)[0], model(x)[0])


@pytest.mark.parametrize(('tuning', 'kind', 'message'), [
    (dict(type='mmrice.ConvAdapter', hidden_dims=4), 'mmrice.AdaptedBackbone', 'ConvAdapter cannot be merged'),
    (dict(type='mmrice.LoRA'), 'mmrice.RICEViT', "no mmrice.AdaptedBackbone as model.backbone, but 'mmrice.RICEViT'"),
])
def test_what_cannot_be_merged_is_one_line(merge, tmp_path, tuning, kind, message):
    save(tmp_path / 'tuned.pth', tuning, kind)
    status, _, err = merge(tmp_path / 'tuned.pth', tmp_path / 'plain.pth')
    assert status == 1 and message in err and err.count('\n') == 1 and not (tmp_path / 'plain.pth').exists()

import pytest
import torch
from mmengine.model import BaseModule
from torch import nn

from mmrice.registry import MODELS
from mmrice.testing.tiny_region_text import parts
from mmrice.utils import UserError


class Model(BaseModule):
    """A frozen encoder, a pooling whose parameters have the names of another one, a text encoder and a head."""

    def __init__(self, init_cfg=None):
        super().__init__(init_cfg)
        own = parts('backbone', 'text_encoder')
        self.backbone = MODELS.build(dict(type='mmrice.FrozenBackbone', backbone=own['backbone']))
        self.pixel_neck = MODELS.build(dict(type='mmrice.MaskPooling', in_channels=32, out_channels=16))
        self.text_encoder = MODELS.build(own['text_encoder'])
        self.head = nn.Linear(2, 2)


@pytest.fixture
def saved(tmp_path):
    """A checkpoint of pretraining, and its weights."""
    torch.manual_seed(1)
    other = {name: MODELS.build(config) for name, config in parts('backbone', 'text_encoder').items()}
    other['neck'], other['pixel_neck'] = (MODELS.build(dict(
        type='mmrice.MaskPooling', in_channels=32, out_channels=16)) for _ in range(2))
    state = {f'{part}.{name}': value for part, module in other.items() for name, value in module.state_dict().items()}
    torch.save(dict(state_dict=state, meta={}), tmp_path / 'latest.pth')
    return tmp_path / 'latest.pth', state


def config(path, *names):
    return dict(type='mmrice.PretrainedParts', checkpoint=str(path), parts=names)


def test_each_part_has_its_own_weights_the_encoder_inside_its_wrapper_and_the_rest_stays(saved):
    path, state = saved
    torch.manual_seed(0)
    model = Model(config(path, 'backbone', 'pixel_neck', 'text_encoder'))
    head = model.head.weight.clone()
    model.init_weights()
    for part, module in (('backbone', model.backbone.backbone), ('pixel_neck', model.pixel_neck),
                         ('text_encoder', model.text_encoder)):
        for name, value in module.state_dict().items():
            torch.testing.assert_close(value, state[f'{part}.{name}'], rtol=0, atol=0)
    torch.testing.assert_close(model.head.weight, head, rtol=0, atol=0)


def test_a_checkpoint_that_is_missing_or_lacks_a_part_is_named(saved, tmp_path):
    path, state = saved
    torch.save({name: value for name, value in state.items() if not name.startswith('pixel_neck')}, path)
    with pytest.raises(UserError, match='latest.pth: 0 of the 1 parameters of MaskPooling are in it'):
        Model(config(path, 'pixel_neck')).init_weights()
    with pytest.raises(UserError, match='no.pth: no such checkpoint'):
        Model(config(tmp_path / 'no.pth', 'backbone')).init_weights()


def test_a_misspelt_part_is_named_with_those_there_are(saved):
    with pytest.raises(UserError, match="Model has no 'pixel_nek'. Expected some of backbone, pixel_neck, text_enc"):
        Model(config(saved[0], 'backbone', 'pixel_nek')).init_weights()

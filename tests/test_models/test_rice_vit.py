"""RICEViT's contract."""
import pytest
import torch

from mmrice.models import RICEViT
from mmrice.utils import UserError

TINY = dict(embed_dims=32, num_layers=3, num_heads=2, feedforward_channels=48)


@pytest.mark.parametrize('out_type, shape', [
    ('cls_token', (2, 32)),
    ('raw', (2, 1 + 6, 32)),
    ('featmap', (2, 32, 2, 3)),
    ('avg_featmap', (2, 32)),
])
def test_each_out_type_has_its_shape_at_each_index(out_type, shape):
    outputs = RICEViT(TINY, patch_size=8, out_type=out_type, out_indices=(0, -1))(torch.rand(2, 3, 16, 24))
    assert [tuple(output.shape) for output in outputs] == [shape, shape]


def test_feature_map_is_row_major():
    model = RICEViT(TINY, patch_size=8, out_type='featmap').eval()
    raw = RICEViT(TINY, patch_size=8, out_type='raw').eval()
    raw.load_state_dict(model.state_dict())
    x = torch.rand(1, 3, 16, 24)
    assert torch.equal(model(x)[0][0, :, 1, 2], raw(x)[0][0, 1 + 1 * 3 + 2])


def test_checkpointing_changes_no_gradient():
    torch.manual_seed(0)
    plain = RICEViT(TINY, patch_size=8, out_type='raw')
    saving = RICEViT(TINY, patch_size=8, out_type='raw', with_cp=True)
    saving.load_state_dict(plain.state_dict())
    x = torch.rand(2, 3, 16, 16)
    for model in (plain, saving):
        model(x)[0].square().sum().backward()
    for expected, result in zip(plain.parameters(), saving.parameters()):
        assert torch.equal(expected.grad, result.grad)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_autocast_stays_near_float32_in_value_and_gradient(dtype):
    torch.manual_seed(0)
    model = RICEViT(TINY, patch_size=8, out_type='raw')
    x, direction = torch.randn(2, 3, 32, 32), torch.randn(2, 17, 32)
    results = []
    for enabled in (False, True):
        model.zero_grad()
        with torch.autocast('cpu', dtype, enabled=enabled):
            output = model(x)[0]
        (output * direction).sum().backward()
        results.append((output.float(), model.layers[0].attn.qkv.weight.grad.clone()))
    for expected, result in zip(*results):
        assert (result - expected).norm() < 0.05 * expected.norm()


def test_frozen_stages_get_no_gradient_and_the_rest_does():
    model = RICEViT(TINY, patch_size=8, out_type='raw', frozen_stages=2).train()
    model(torch.rand(1, 3, 16, 16))[0].square().sum().backward()
    learned = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert {name.split('.')[0] + name.split('.')[1] for name in learned if '.' in name} == {
        'layers2', 'normweight', 'normbias'}
    assert not model.layers[1].training and model.layers[2].training


def test_drop_path_grows_linearly_and_acts_in_training_only():
    model = RICEViT(TINY, patch_size=8, drop_path_rate=0.5)
    assert [getattr(layer.drop_path, 'drop_prob', 0.) for layer in model.layers] == [0., 0.25, 0.5]
    x = torch.rand(4, 3, 16, 16)
    model.eval()
    assert torch.equal(model(x)[0], model(x)[0])
    model.train()
    assert not torch.equal(model(x)[0], model(x)[0])


def test_layer_depths_cover_all_parameters_in_order():
    model = RICEViT(TINY, patch_size=8)
    depths = {name: model.get_layer_depth(f'backbone.{name}', 'backbone.')[0] for name, _ in model.named_parameters()}
    assert depths['patch_embed.weight'] == depths['cls_angles'] == depths['pre_norm.bias'] == 0
    assert [depths[f'layers.{i}.attn.qkv.weight'] for i in range(3)] == [1, 2, 3]
    assert depths['norm.weight'] == 4
    assert model.get_layer_depth('head.fc.weight', 'backbone.') == (4, 5)


@pytest.mark.parametrize('arguments, message', [
    (dict(arch='huge'), "arch='huge' is none of tiny"),
    (dict(arch=dict(embed_dims=32)), 'expected exactly'),
    (dict(arch=dict(TINY, num_heads=3)), 'multiple of 4'),
    (dict(out_type='map'), "out_type='map' is none of"),
    (dict(arch=TINY, out_indices=(3, )), 'out_indices has 3'),
    (dict(arch=TINY, out_indices=(-1, 0)), 'from the first to the last'),
])
def test_a_wrong_argument_is_named(arguments, message):
    with pytest.raises(UserError, match=message):
        RICEViT(**arguments)


def test_an_input_that_is_not_divisible_is_refused_with_the_fix():
    with pytest.raises(UserError, match='18 x 16 pixels is not divisible by patch_size=8.*pad_size_divisor=8'):
        RICEViT(TINY, patch_size=8)(torch.rand(1, 3, 18, 16))

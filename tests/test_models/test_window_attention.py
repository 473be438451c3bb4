"""Windowed attention: what sees what, at which position, in which order."""
import pytest
import torch
import torch.nn.functional as F

from mmrice.models import RICEViT
from mmrice.models.layers import attention, divide
from mmrice.utils import UserError

ARCH = dict(embed_dims=32, num_layers=3, num_heads=2, feedforward_channels=48)


def pair(**kwargs):
    """A windowed and a global model with the same weights."""
    torch.manual_seed(0)
    windowed = RICEViT(ARCH, patch_size=4, **kwargs).eval()
    for parameter in windowed.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    kwargs = {key: value for key, value in kwargs.items() if key not in ('window_size', 'global_attn_indexes')}
    plain = RICEViT(ARCH, patch_size=4, **kwargs).eval()
    plain.load_state_dict(windowed.state_dict())
    return windowed, plain


def same_window(grid, size):
    """Which tokens may see which, by the definition: (1 + h * w, 1 + h * w), the class token first."""
    rows, cols = (index.flatten() // size for index in torch.meshgrid(*map(torch.arange, grid), indexing='ij'))
    mask = torch.ones(1 + len(rows), 1 + len(rows), dtype=torch.bool)
    mask[1:, 1:] = (rows[:, None] == rows) & (cols[:, None] == cols)
    return mask


@pytest.mark.parametrize('out_type', ['cls_token', 'raw', 'featmap', 'avg_featmap'])
@pytest.mark.parametrize('grid', [(6, 6), (5, 7), (2, 8)])
def test_equals_global_attention_under_the_mask_of_the_definition(monkeypatch, grid, out_type):
    windowed, plain = pair(out_type=out_type, out_indices=(0, 1, 2), window_size=3, global_attn_indexes=(1, ))
    x = torch.randn(2, 3, 4 * grid[0], 4 * grid[1])
    results = windowed(x)
    masks = iter([same_window(grid, 3), None, same_window(grid, 3)])

    def masked(query, key, value):
        heads = (part.transpose(1, 2) for part in (query, key, value))
        return F.scaled_dot_product_attention(*heads, attn_mask=next(masks)).transpose(1, 2)

    monkeypatch.setattr(attention, 'attend', masked)
    for result, expected in zip(results, plain(x)):
        torch.testing.assert_close(result, expected, atol=1e-5, rtol=0)


def test_gradients_equal_those_under_the_mask(monkeypatch):
    windowed, plain = pair(out_type='raw', window_size=3)
    x = torch.randn(2, 3, 20, 28)
    direction = torch.randn(2, 36, 32)
    (windowed(x)[0] * direction).sum().backward()
    mask = same_window((5, 7), 3)

    def masked(query, key, value):
        heads = (part.transpose(1, 2) for part in (query, key, value))
        return F.scaled_dot_product_attention(*heads, attn_mask=mask).transpose(1, 2)

    monkeypatch.setattr(attention, 'attend', masked)
    (plain(x)[0] * direction).sum().backward()
    for own, other in zip(windowed.parameters(), plain.parameters()):
        torch.testing.assert_close(own.grad, other.grad, atol=1e-4, rtol=1e-4)


def test_a_window_as_large_as_the_image_is_global_attention():
    windowed, plain = pair(out_type='raw', window_size=8)
    x = torch.randn(1, 3, 20, 28)
    torch.testing.assert_close(windowed(x)[0], plain(x)[0], atol=1e-5, rtol=0)


def test_an_image_beyond_the_window_changes_the_class_token_alone():
    model, _ = pair(out_type='raw', window_size=3, out_indices=0)
    x = torch.randn(1, 3, 24, 24)
    moved = x.clone()
    moved[..., 12:, 12:] += 1.
    before, after = model(x)[0], model(moved)[0]
    changed = (before != after).any(-1)[0]
    patches = changed[1:].view(6, 6)
    assert changed[0] and patches[3:, 3:].all() and not patches[:3].any() and not patches[:, :3].any()


@pytest.mark.parametrize('grid, groups', [
    ((6, 6), ((4, 9), )),
    ((7, 8), ((4, 9), (2, 6), (2, 3), (1, 2))),
    ((2, 7), ((2, 6), (1, 2))),
])
def test_edge_windows_are_smaller_instead_of_padded(grid, groups):
    windows = divide(grid, 3, torch.device('cpu'))
    assert windows.groups == groups
    assert torch.equal(windows.order[windows.inverse], torch.arange(grid[0] * grid[1]))


def test_recomputing_windowed_layers_changes_no_gradient():
    torch.manual_seed(0)
    plain = RICEViT(ARCH, patch_size=4, out_type='raw', window_size=3, global_attn_indexes=(1, ))
    saving = RICEViT(ARCH, patch_size=4, out_type='raw', window_size=3, global_attn_indexes=(1, ), with_cp=True)
    saving.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 20, 28)
    for model in (plain, saving):
        model(x)[0].square().sum().backward()
    for expected, result in zip(plain.parameters(), saving.parameters()):
        assert torch.equal(expected.grad, result.grad)


@pytest.mark.parametrize('arguments, message', [
    (dict(window_size=-1), 'window_size=-1'),
    (dict(global_attn_indexes=(1, )), 'give a window size above 0'),
    (dict(window_size=4, global_attn_indexes=(3, )), 'global_attn_indexes has 3, but there are 3 layers'),
])
def test_a_wrong_window_argument_is_named(arguments, message):
    with pytest.raises(UserError, match=message):
        RICEViT(ARCH, **arguments)

"""FLOPs are counted by formulas that a test can write down."""
import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mmrice.models import RICEViT
from mmrice.utils.flops import count_flops, vit_flops

WIDE = dict(embed_dims=32, num_layers=2, num_heads=4, feedforward_channels=96)
DEEP = dict(embed_dims=48, num_layers=4, num_heads=2, feedforward_channels=52)


def counted(function, **modules):
    return count_flops(nn.ModuleDict(modules), function).total


@pytest.mark.parametrize('arch', [WIDE, DEEP])
@pytest.mark.parametrize('size', [(64, 64), (32, 80), (96, 16)])
@pytest.mark.parametrize(('patch_size', 'batch'), [(16, 1), (8, 3)])
def test_vit_count_equals_its_closed_formula(arch, size, patch_size, batch):
    model = RICEViT(arch, patch_size=patch_size, out_type='featmap').eval()
    with torch.no_grad():
        count = count_flops(model, lambda: model(torch.rand(batch, 3, *size)))
    assert count.total == vit_flops(*arch.values(), patch_size, *size, batch=batch)


@pytest.mark.parametrize('size', [(64, 64), (32, 80), (56, 72)])  # windows fit, or are cut at one or two edges
@pytest.mark.parametrize('global_layers', [(), (1, 3)])
def test_windowed_vit_count_equals_its_closed_formula(size, global_layers):
    model = RICEViT(DEEP, patch_size=8, window_size=4, global_attn_indexes=global_layers).eval()
    with torch.no_grad():
        count = count_flops(model, lambda: model(torch.rand(2, 3, *size)))
    expected = vit_flops(*DEEP.values(), 8, *size, batch=2, window_size=4, num_global_layers=len(global_layers))
    assert count.total == expected
    assert expected < vit_flops(*DEEP.values(), 8, *size, batch=2)


def test_attention_is_its_own_share_of_the_count():
    model = RICEViT(WIDE, patch_size=8).eval()
    with torch.no_grad():
        count = count_flops(model, lambda: model(torch.rand(1, 3, 32, 32)))
    assert count.by_kind['attention'] == 2 * 4 * 17**2 * 32
    assert count.by_kind['convolution'] == 6 * 16 * 8**2 * 32
    assert count.by_module['layers.1.attn'] == 4 * 17**2 * 32
    assert count.below('layers.1') == (count.total - count.below('patch_embed')) / 2


def test_autocast_changes_no_count():
    model = RICEViT(WIDE, patch_size=8)
    with torch.autocast('cpu', torch.bfloat16):  # with gradients: plain products instead of the fused kernel
        count = count_flops(model, lambda: model(torch.rand(1, 3, 32, 48)))
    assert count.total == vit_flops(*WIDE.values(), 8, 32, 48)


def test_giga_at_560_pixels_costs_what_its_dimensions_say():
    tokens = 40 * 40 + 1
    layer = 2 * tokens * (4 * 1664**2 + 2 * 1664 * 8192) + 4 * tokens**2 * 1664
    assert vit_flops(1664, 48, 16, 8192, 14, 560, 560) == 48 * layer + 2 * 1600 * 588 * 1664


Q, K = torch.rand(2, 3, 5, 8), torch.rand(2, 3, 7, 8)


@pytest.mark.parametrize(('function', 'flops'), [
    (lambda: F.scaled_dot_product_attention(Q, K, K), 4 * 2 * 3 * 5 * 7 * 8),
    (lambda: F.scaled_dot_product_attention(Q, K, K, attn_mask=torch.ones(5, 7, dtype=bool)), 4 * 2 * 3 * 5 * 7 * 8),
    (lambda: Q @ K.transpose(-2, -1), 2 * 2 * 3 * 5 * 7 * 8),
    (lambda: Q @ torch.rand(8, 4), 2 * 2 * 3 * 5 * 8 * 4),
    (lambda: torch.einsum('bhqd,bhkd->bhqk', Q, K), 2 * 2 * 3 * 5 * 7 * 8),
    (lambda: torch.rand(5, 4) @ torch.rand(4), 2 * 5 * 4),
    (lambda: torch.rand(4) @ torch.rand(4), 2 * 4),
    (lambda: torch.rand(5, 6).addmm_(torch.rand(5, 4), torch.rand(4, 6)), 2 * 5 * 4 * 6),
    (lambda: torch.addmv(torch.rand(5), torch.rand(5, 4), torch.rand(4)), 2 * 5 * 4),
    (lambda: torch.addbmm(torch.rand(5, 6), torch.rand(3, 5, 4), torch.rand(3, 4, 6)), 2 * 3 * 5 * 4 * 6),
    (lambda: F.conv2d(torch.rand(2, 4, 9, 9), torch.rand(6, 2, 3, 3), groups=2), 2 * 2 * 49 * 6 * 2 * 9),
    (lambda: F.conv_transpose2d(torch.rand(2, 4, 5, 5), torch.rand(4, 6, 2, 2), stride=2), 2 * 2 * 25 * 4 * 6 * 4),
    (lambda: torchvision.ops.deform_conv2d(
        torch.rand(2, 4, 9, 9), torch.zeros(2, 18, 7, 7), torch.rand(6, 2, 3, 3)), 2 * 2 * 49 * 6 * 2 * 9),
])
def test_operation_costs_twice_its_multiply_adds(function, flops):
    with torch.no_grad():
        assert counted(function) == flops


def test_deformable_convolution_of_mmcv_costs_its_convolution_and_that_of_its_offsets():
    from mmcv.ops import ModulatedDeformConv2dPack
    layer = ModulatedDeformConv2dPack(4, 6, 3, padding=1)
    with torch.no_grad():
        assert counted(lambda: layer(torch.rand(1, 4, 8, 8)), layer=layer) == 2 * 64 * 4 * 9 * (6 + 27)


def test_multihead_attention_of_torch_is_counted_without_its_opaque_fast_path():
    layer = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    x = torch.rand(2, 5, 8)
    with torch.no_grad():
        assert counted(lambda: layer(x, x, x), layer=layer) == 2 * 2 * 5 * 8 * 8 * 4 + 4 * 2 * 25 * 8
    assert torch.backends.mha.get_fastpath_enabled()


def test_operations_are_booked_on_the_module_whose_method_runs():
    class Head(nn.Module):

        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 2)

        def loss(self, x):
            return self.fc(x) @ torch.rand(2, 3)

    model = nn.ModuleDict(dict(head=Head()))
    count = count_flops(model, lambda: model.head.loss(torch.rand(5, 4)))
    assert count.by_module == {'head.fc': 2 * 5 * 4 * 2, 'head': 2 * 5 * 2 * 3}
    assert count.below('head') == count.below('') == count.total == 140


def test_count_agrees_with_torch_where_torch_has_all_formulas():
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8 * 36, 5))
    x = torch.rand(2, 3, 8, 8)
    with FlopCounterMode(display=False) as counter:
        model(x).sum().backward()
    assert count_flops(model, lambda: model(x).sum().backward()).total == counter.get_total_flops()

"""The formulas of kept activations are what autograd really keeps."""
import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from mmrice.models import RegionTransformer, RICEViT
from mmrice.models.layers import attention
from mmrice.utils.memory import region_pool_bytes, vit_bytes

ARCH = 32, 3, 2, 80
PATCHES = 6 * 4


def kept_bytes(forward, half):
    """Bytes of the different storages that autograd keeps of a forward pass."""
    storages = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage  # held, so that no address is used twice
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor), torch.autocast('cpu', torch.bfloat16, enabled=half == 2):
        result = forward()
    del result
    return sum(storage.nbytes() for storage in storages.values())


def per_image(forward, half):
    """What one image more adds: weights, their casts and rotations are the same for any number."""
    return kept_bytes(lambda: forward(3), half) - kept_bytes(lambda: forward(2), half)


@pytest.fixture(params=[2, 4], ids=['bfloat16', 'float32'])
def half(request, monkeypatch):
    """Bytes of a number; on a CPU norms run in the same type. The fused attention keeps what a GPU's does."""
    monkeypatch.setattr(attention, '_plain_is_faster', lambda query, key: False)
    return request.param


def vit(with_cp):
    names = ('embed_dims', 'num_layers', 'num_heads', 'feedforward_channels')
    return RICEViT(dict(zip(names, ARCH)), patch_size=8, out_type='raw', with_cp=with_cp).train()


@pytest.mark.parametrize('with_cp', [False, True])
def test_formula_of_the_vit_is_what_autograd_keeps(half, with_cp):
    model = vit(with_cp)
    images = 3 * 48 * 32 * half  # what the patch embedding keeps
    expected, _ = vit_bytes(ARCH, PATCHES + 1, with_cp, half, half)
    kept = per_image(lambda batch: model(torch.rand(batch, 3, 48, 32)), half) - images
    assert kept == expected


def test_recomputed_layer_keeps_what_the_formula_says():
    kept, passing = vit_bytes(ARCH, PATCHES + 1, True)
    whole, gradients = vit_bytes(ARCH, PATCHES + 1, False)
    inputs = (PATCHES + 1) * ARCH[0] * 4
    assert passing - gradients == (whole - kept) / ARCH[1]
    assert kept == pytest.approx((ARCH[1] + 2) * inputs, rel=0.15)


def test_formula_of_the_pooling_is_what_autograd_keeps(half):
    neck = RegionTransformer(32, 16, num_heads=2, patch_size=8)
    boxes = torch.rand(10, 2).mul(16).repeat(1, 2) + torch.tensor([0., 0., 8., 8.])

    def forward(batch):
        tokens = torch.rand(batch, PATCHES + 1, 32, requires_grad=True)
        return neck(tokens.to(torch.bfloat16) if half == 2 else tokens, (6, 4), [boxes] * batch)

    assert per_image(forward, half) == region_pool_bytes(PATCHES, 10, 32, 2, half, half)

import naive_ops
import numpy as np
import pytest
import torch
from naive_ops import needs_stand_in

import mmrice  # noqa: F401

pytestmark = needs_stand_in

# stride, padding, dilation, groups, deform_groups
GEOMETRIES = [((1, 1), (1, 1), (1, 1), 1, 1), ((2, 1), (0, 2), (1, 2), 2, 1), ((1, 2), (1, 0), (1, 1), 1, 2)]


def rand(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def problem(geometry, batch=2, channels=4, out_channels=4, size=(6, 7), kernel=(3, 2)):
    """Random input, offset, mask and weight that fit a geometry."""
    stride, padding, dilation, groups, deform_groups = geometry
    out = [(size[d] + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1) // stride[d] + 1 for d in (0, 1)]
    taps = deform_groups * kernel[0] * kernel[1]
    mask = rand(batch, taps, *out, seed=2).sigmoid()
    return (rand(batch, channels, *size), rand(batch, 2 * taps, *out, seed=1), mask,
            rand(out_channels, channels // groups, *kernel, seed=3))


def numpy_of(*tensors):
    return [None if tensor is None else tensor.detach().numpy() for tensor in tensors]


@pytest.mark.parametrize('geometry', GEOMETRIES)
def test_deformable_convolution_equals_a_loop(geometry):
    from mmcv.ops import deform_conv2d
    x, offset, _, weight = problem(geometry)
    expected = naive_ops.deform_conv(*numpy_of(x, offset, None, weight, None), *geometry)
    np.testing.assert_allclose(deform_conv2d(x, offset, weight, *geometry).numpy(), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize('geometry', GEOMETRIES)
@pytest.mark.parametrize('with_bias', [True, False])
def test_modulated_deformable_convolution_equals_a_loop(geometry, with_bias):
    from mmcv.ops import modulated_deform_conv2d
    x, offset, mask, weight = problem(geometry)
    bias = rand(4, seed=4) if with_bias else None
    expected = naive_ops.deform_conv(*numpy_of(x, offset, mask, weight, bias), *geometry)
    result = modulated_deform_conv2d(x, offset, mask, weight, bias, *geometry)
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-9, atol=1e-9)


def test_deformable_convolution_without_offsets_is_a_convolution():
    from mmcv.ops import DeformConv2d
    layer = DeformConv2d(4, 6, 3, stride=2, padding=1, groups=2)
    x = rand(2, 4, 9, 8).float()
    expected = torch.nn.functional.conv2d(x, layer.weight, stride=2, padding=1, groups=2)
    torch.testing.assert_close(layer(x, torch.zeros(2, 18, *expected.shape[2:])), expected)


@pytest.mark.parametrize('geometry', GEOMETRIES[1:])
def test_deformable_convolution_has_the_gradients_of_finite_differences(geometry):
    from mmcv.ops import deform_conv2d
    x, offset, _, weight = problem(geometry, batch=1, size=(4, 5))
    inputs = [tensor.requires_grad_() for tensor in (x, offset, weight)]
    assert torch.autograd.gradcheck(lambda a, b, c: deform_conv2d(a, b, c, *geometry), inputs)


@pytest.mark.parametrize('geometry', GEOMETRIES[1:])
def test_modulated_deformable_convolution_has_the_gradients_of_finite_differences(geometry):
    from mmcv.ops import modulated_deform_conv2d
    x, offset, mask, weight = problem(geometry, batch=1, size=(4, 5))
    inputs = [tensor.requires_grad_() for tensor in (x, offset, mask, weight, rand(4, seed=4))]
    assert torch.autograd.gradcheck(lambda *five: modulated_deform_conv2d(*five, *geometry), inputs)


def test_deformable_layers_train_all_their_parameters():
    from mmcv.ops import DeformConv2dPack, ModulatedDeformConv2dPack
    for layer in (DeformConv2dPack(4, 4, 3, padding=1), ModulatedDeformConv2dPack(4, 4, 3, padding=1)):
        x = rand(2, 4, 6, 6).float().requires_grad_()
        layer(x).square().sum().backward()
        for name, parameter in (*layer.named_parameters(), ('input', x)):
            assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_deformable_convolution_in_half_precision_is_the_float32_result_rounded_once(dtype):
    from mmcv.ops import modulated_deform_conv2d
    inputs = [tensor.to(dtype) for tensor in problem(GEOMETRIES[0])]
    expected = modulated_deform_conv2d(*(tensor.float() for tensor in inputs), None, *GEOMETRIES[0]).to(dtype)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        result = modulated_deform_conv2d(*inputs, None, *GEOMETRIES[0])
    torch.testing.assert_close(result, expected, rtol=0, atol=0)

"""Ops on whole maps: masked convolution, PSANet's mask, CARAFE, synchronised batch normalisation."""
import naive_ops
import numpy as np
import pytest
import torch
from naive_ops import needs_stand_in

import mmrice  # noqa: F401

pytestmark = needs_stand_in


def rand(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize('kernel', [1, 3])
def test_masked_convolution_is_the_convolution_at_the_chosen_pixels(kernel):
    from mmcv.ops import MaskedConv2d
    layer = MaskedConv2d(3, 5, kernel, padding=kernel // 2)
    x, mask = rand(1, 3, 6, 7).float(), (rand(1, 6, 7, seed=1) > 0).float()
    with torch.no_grad():
        torch.testing.assert_close(layer(x, mask), layer(x) * mask)


@pytest.mark.parametrize('psa_type', ['collect', 'distribute'])
@pytest.mark.parametrize('window', [(5, 3), (9, 9)])
def test_psa_mask_equals_a_loop(psa_type, window):
    from mmcv.ops import PSAMask
    windows = rand(2, window[0] * window[1], 4, 5)
    expected = naive_ops.psa_mask(windows.numpy(), window, psa_type == 'collect')
    np.testing.assert_array_equal(PSAMask(psa_type, window)(windows).numpy(), expected)


@pytest.mark.parametrize('psa_type', ['collect', 'distribute'])
def test_psa_mask_has_the_gradient_of_finite_differences(psa_type):
    from mmcv.ops import PSAMask
    assert torch.autograd.gradcheck(PSAMask(psa_type, (3, 5)), rand(1, 15, 3, 3).requires_grad_())


@pytest.mark.parametrize('name', ['carafe', 'carafe_naive'])
def test_carafe_equals_a_loop(name):
    import mmcv.ops
    features, masks = rand(2, 4, 3, 5), rand(2, 18, 6, 10, seed=1)
    result = getattr(mmcv.ops, name)(features, masks, 3, 2, 2)
    np.testing.assert_allclose(result.numpy(), naive_ops.carafe(features.numpy(), masks.numpy(), 3, 2, 2), atol=1e-12)


def test_carafe_has_the_gradients_of_finite_differences():
    from mmcv.ops import carafe
    inputs = (rand(1, 4, 2, 3).requires_grad_(), rand(1, 18, 4, 6, seed=1).requires_grad_())
    assert torch.autograd.gradcheck(lambda x, m: carafe(x, m, 3, 2, 2), inputs)


def sync_bn(x, weight, bias, mean, var):
    """mmcv's function for one process."""
    from mmcv.ops.sync_bn import SyncBatchNormFunction
    return SyncBatchNormFunction.apply(x, mean, var, weight, bias, 0.1, 1e-5, None, 1, 'default')


def test_synchronised_batch_norm_in_one_process_is_batch_norm():
    results = []
    for function in (sync_bn, lambda x, w, b, m, v: torch.nn.functional.batch_norm(x, m, v, w, b, True, 0.1, 1e-5)):
        x = rand(3, 4, 5, 6).float().requires_grad_()
        weight, bias = rand(4, seed=1).float().requires_grad_(), rand(4, seed=2).float().requires_grad_()
        mean, var = torch.zeros(4), torch.ones(4)
        output = function(x, weight, bias, mean, var)
        output.mul(rand(3, 4, 5, 6, seed=3).float()).sum().backward()
        results.append((output.detach(), mean, var, x.grad, weight.grad, bias.grad))
    for ours, expected in zip(*results):
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)

import naive_ops
import numpy as np
import pytest
import torch
from naive_ops import needs_stand_in

import mmrice  # noqa: F401

pytestmark = needs_stand_in

# inside, over the border, far outside, without an area, smaller than a pixel
ROIS = torch.tensor([[0, 3.1, 2.2, 20.7, 17.9], [1, -9, -7, 12, 40], [0, 60, 60, 90, 80], [1, 8, 8, 8, 8],
                     [1, 9.3, 5.1, 9.9, 5.8]], dtype=torch.float64)


def maps(seed=0, size=(2, 3, 9, 11)):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('ratio', [0, 2])
@pytest.mark.parametrize('mode', ['avg', 'max'])
def test_roi_align_equals_a_loop(mode, ratio, aligned):
    from mmcv.ops import RoIAlign
    layer = RoIAlign((3, 2), 0.5, ratio, mode, aligned)
    expected = naive_ops.roi_align(maps().numpy(), ROIS.numpy(), (3, 2), 0.5, ratio, mode, aligned)
    np.testing.assert_allclose(layer(maps(), ROIS).numpy(), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('mode', ['avg', 'max'])
def test_roi_align_has_the_gradient_of_finite_differences(mode, aligned):
    from mmcv.ops import RoIAlign
    layer = RoIAlign((2, 2), 0.5, 0, mode, aligned)
    feature = maps(size=(2, 2, 5, 6)).requires_grad_()
    rois = ROIS[[0, 1, 3]]
    assert torch.autograd.gradcheck(lambda x: layer(x, rois), feature)


def test_roi_align_adds_up_the_gradients_of_overlapping_rois():
    from mmcv.ops import RoIAlign
    layer = RoIAlign(2, 0.5, 2)
    feature = maps().requires_grad_()
    (both, ) = torch.autograd.grad(layer(feature, ROIS[[0, 0]]).sum(), feature)
    (one, ) = torch.autograd.grad(layer(feature, ROIS[[0]]).sum(), feature)
    torch.testing.assert_close(both, 2 * one)


def test_roi_align_accepts_no_rois():
    from mmcv.ops import RoIAlign
    for mode in ('avg', 'max'):
        assert RoIAlign(2, 0.5, 2, mode)(maps(), ROIS[:0]).shape == (0, 3, 2, 2)


def test_roi_pool_equals_a_loop():
    from mmcv.ops import RoIPool
    expected = naive_ops.roi_pool(maps().numpy(), ROIS.numpy(), (3, 2), 0.5)
    np.testing.assert_allclose(RoIPool((3, 2), 0.5)(maps(), ROIS).numpy(), expected, rtol=0, atol=0)


def test_roi_pool_has_the_gradient_of_finite_differences():
    from mmcv.ops import RoIPool
    feature = maps(size=(2, 2, 5, 6)).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: RoIPool(2, 0.5)(x, ROIS), feature)


@pytest.mark.parametrize('ratio', [0, 2])
@pytest.mark.parametrize('moved', [True, False])
def test_deformable_roi_pool_equals_a_loop(ratio, moved):
    from mmcv.ops import deform_roi_pool
    offset = maps(1, (len(ROIS), 2, 3, 2)) if moved else None
    result = deform_roi_pool(maps(), ROIS, offset, (3, 2), 0.5, ratio, 0.3)
    expected = naive_ops.roi_align(maps().numpy(), ROIS.numpy(), (3, 2), 0.5, ratio, 'avg', True,
                                   None if offset is None else offset.numpy(), 0.3)
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-9, atol=1e-12)


def test_deformable_roi_pool_has_the_gradients_of_finite_differences():
    from mmcv.ops import deform_roi_pool
    feature = maps(size=(2, 2, 5, 6)).requires_grad_()
    offset = maps(1, (2, 2, 2, 2)).requires_grad_()
    rois = ROIS[:1].repeat(2, 1) / 2
    assert torch.autograd.gradcheck(lambda x, o: deform_roi_pool(x, rois, o, (2, 2), 0.5, 2, 0.3), (feature, offset))


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
@pytest.mark.parametrize('mode', ['avg', 'max'])
def test_roi_align_in_half_precision_is_the_float32_result_rounded_once(dtype, mode):
    from mmcv.ops import RoIAlign
    layer = RoIAlign(3, 0.5, 2, mode)
    feature, rois = maps().to(dtype), ROIS.to(dtype)
    expected = layer(feature.float(), rois.float()).to(dtype)
    with torch.autocast('cpu', dtype=dtype):
        torch.testing.assert_close(layer(feature, rois), expected, rtol=0, atol=0)


def test_roi_align_in_bfloat16_passes_gradients_back():
    from mmcv.ops import RoIAlign
    layer = RoIAlign(3, 0.5, 2)
    half = maps().bfloat16().requires_grad_()
    wide = half.detach().float().requires_grad_()
    layer(half, ROIS.bfloat16()).float().square().sum().backward()
    layer(wide, ROIS.bfloat16().float()).square().sum().backward()
    assert half.grad.dtype == torch.bfloat16
    torch.testing.assert_close(half.grad.float(), wide.grad, rtol=0.03, atol=0.03)

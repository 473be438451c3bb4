import naive_ops
import numpy as np
import torch
from naive_ops import needs_stand_in

import mmrice  # noqa: F401

pytestmark = needs_stand_in

SHAPES = [(4, 5), (2, 3)]


def problem(batch=2, queries=3, heads=2, dims=4, points=2):
    generator = torch.Generator().manual_seed(0)

    def rand(*shape):
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    value = rand(batch, sum(h * w for h, w in SHAPES), heads, dims)
    locations = rand(batch, queries, heads, len(SHAPES), points, 2) * 1.4 - 0.2  # some lie outside
    return value, locations, rand(batch, queries, heads, len(SHAPES), points)


def attend(value, locations, weights):
    from mmcv.ops.multi_scale_deform_attn import MultiScaleDeformableAttnFunction
    starts = torch.tensor([0, SHAPES[0][0] * SHAPES[0][1]])
    return MultiScaleDeformableAttnFunction.apply(value, torch.tensor(SHAPES), starts, locations, weights, 64)


def test_deformable_attention_equals_a_loop():
    value, locations, weights = problem()
    expected = naive_ops.ms_deform_attn(value.numpy(), SHAPES, locations.numpy(), weights.numpy())
    np.testing.assert_allclose(attend(value, locations, weights).numpy(), expected, rtol=1e-9, atol=1e-12)


def test_deformable_attention_has_the_gradients_of_finite_differences():
    inputs = [tensor.requires_grad_() for tensor in problem(batch=1, queries=2)]
    assert torch.autograd.gradcheck(attend, inputs)


def test_deformable_attention_in_bfloat16_is_the_float32_result_rounded_once():
    inputs = [tensor.bfloat16() for tensor in problem()]
    expected = attend(*(tensor.float() for tensor in inputs)).bfloat16()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        torch.testing.assert_close(attend(*inputs), expected, rtol=0, atol=0)


def test_the_attention_module_trains_all_its_parameters():
    from mmcv.ops import MultiScaleDeformableAttention
    layer = MultiScaleDeformableAttention(embed_dims=16, num_heads=2, num_levels=2, num_points=2, batch_first=True)
    layer.init_weights()
    value = torch.randn(2, 26, 16)
    output = layer(torch.randn(2, 3, 16), value=value, reference_points=torch.rand(2, 3, 2, 2),
                   spatial_shapes=torch.tensor(SHAPES), level_start_index=torch.tensor([0, 20]))
    output.square().sum().backward()
    assert all(parameter.grad is not None for parameter in layer.parameters())

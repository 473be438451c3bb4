"""Rotary angles: the authors' formula and the property that makes them positions."""
import math

import torch

from mmrice.models.layers import axial_angles, grid_angles, rotate, rotation


def test_angles_follow_the_formula_element_by_element():
    angles = grid_angles((3, 5), 16, torch.device('cpu'))
    for row in range(3):
        for col in range(5):
            frequencies = [10000**-(2 * i / 8) for i in range(4)]
            expected = [row * f for f in frequencies] + [col * f for f in frequencies]
            torch.testing.assert_close(angles[row * 5 + col], torch.tensor(expected))


def test_rotation_turns_pairs_like_complex_numbers():
    x = torch.randn(7, 8, dtype=torch.float64)
    angles = torch.randn(7, 4, dtype=torch.float64)
    turned = torch.complex(x[:, :4], x[:, 4:]) * torch.exp(1j * angles)
    torch.testing.assert_close(rotate(x, *rotation(angles)), torch.cat([turned.real, turned.imag], 1))


def test_similarity_depends_on_relative_position_alone():
    query, key = torch.randn(2, 32).double()

    def similarity(position, other):
        turned = [
            rotate(x[None], *rotation(axial_angles(torch.tensor([p[0]]), torch.tensor([p[1]]), 32)))
            for x, p in ((query, position), (key, other))
        ]
        return (turned[0] * turned[1]).sum().item()

    assert math.isclose(similarity((2, 3), (5, 1)), similarity((12, 8), (15, 6)), rel_tol=1e-4)
    assert not math.isclose(similarity((2, 3), (5, 1)), similarity((2, 3), (1, 5)), rel_tol=1e-2)


def test_rotation_of_bf16_heads_is_computed_in_float32():
    x = torch.randn(4, 6, 16).bfloat16()
    rope = rotation(grid_angles((2, 3), 16, x.device) * 50)
    result = rotate(x, *rope)
    assert result.dtype == torch.bfloat16
    torch.testing.assert_close(result, rotate(x.float(), *rope).bfloat16())


def test_gradients_of_heads_and_of_the_class_tokens_angles_are_those_of_the_rotation():
    torch.manual_seed(0)
    x = torch.randn(2, 5, 3, 8, dtype=torch.float64, requires_grad=True)
    cls_angles = torch.randn(1, 4, dtype=torch.float64, requires_grad=True)
    patches = grid_angles((2, 2), 8, x.device).double()

    def turned(x, cls_angles):
        cos, sin = rotation(torch.cat([cls_angles.detach(), patches])[:, None])
        return rotate(x, cos, sin, cls_angles)

    assert torch.autograd.gradcheck(turned, (x, cls_angles))


def test_angles_that_are_frozen_get_no_gradient_and_cost_no_memory():
    x = torch.randn(1, 5, 2, 8, requires_grad=True)
    angles = torch.randn(5, 4)
    result = rotate(x, *rotation(angles[:, None]), angles[:1])
    assert result.grad_fn.saved_tensors[2] is None
    result.sum().backward()
    assert x.grad is not None and angles.grad is None

"""Linear: torch's result and gradients from another kernel, and torch's own kernel wherever that one does not apply."""
import pytest
import torch
import torch.nn.functional as F

from mmrice.models.layers import Linear
from mmrice.models.layers import linear as module


@pytest.fixture
def multiplied(monkeypatch):
    """Shapes of the products that the fast kernel made."""
    if not module._applies(torch.rand(1, 1), torch.rand(1, 1)):
        pytest.skip('no oneDNN on this processor')
    shapes = []
    multiply = module._multiply

    def counted(x, weight, *args):
        shapes.append((*x.shape, len(weight)))
        return multiply(x, weight, *args)

    monkeypatch.setattr(module, '_multiply', counted)
    return shapes


@pytest.mark.parametrize('shape', [(5, 8), (2, 5, 8), (2, 3, 5, 8)])
@pytest.mark.parametrize('bias', [True, False])
def test_values_and_gradients_equal_float64(multiplied, shape, bias):
    layer, x = Linear(8, 12, bias=bias), torch.randn(shape, requires_grad=True)
    reference = torch.nn.Linear(8, 12, bias=bias).double()
    reference.load_state_dict(layer.state_dict())
    x64 = x.detach().double().requires_grad_()
    direction = torch.randn(*shape[:-1], 12)
    result, expected = layer(x), reference(x64)
    (result * direction).sum().backward()
    (expected * direction).sum().backward()
    assert len(multiplied) == 3  # forward, gradients of the input and of the weight
    torch.testing.assert_close(result.double(), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(x.grad.double(), x64.grad, atol=1e-5, rtol=1e-5)
    for own, other in zip(layer.parameters(), reference.parameters()):
        torch.testing.assert_close(own.grad.double(), other.grad, atol=1e-5, rtol=1e-5)


def test_nothing_is_computed_for_what_is_frozen(multiplied):
    layer = Linear(8, 12).requires_grad_(False)
    x = torch.randn(5, 8, requires_grad=True)
    layer(x).sum().backward()
    assert len(multiplied) == 2 and layer.weight.grad is None
    layer(x.detach())
    assert len(multiplied) == 3


def test_strided_inputs_and_gradients_are_read_as_they_lie(multiplied):
    x = torch.randn(8, 6, 5).transpose(0, 2)
    layer = Linear(8, 12)
    torch.testing.assert_close(layer(x), F.linear(x, layer.weight, layer.bias), atol=1e-5, rtol=1e-5)
    layer(x).transpose(0, 1).square().sum().backward()
    ours = layer.weight.grad.clone()
    layer.zero_grad()
    F.linear(x, layer.weight, layer.bias).transpose(0, 1).square().sum().backward()
    torch.testing.assert_close(ours, layer.weight.grad, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize('case', ['double', 'empty', 'autocast', 'disabled', 'meta'])
def test_other_dtypes_devices_and_modes_take_torchs_kernel(multiplied, case):
    layer, x = Linear(8, 12), torch.randn(5, 8)
    if case == 'double':
        assert layer.double()(x.double()).dtype == torch.float64
    elif case == 'empty':
        assert layer(x[:0]).shape == (0, 12)
    elif case == 'autocast':
        with torch.autocast('cpu', torch.bfloat16):
            assert layer(x).dtype == torch.bfloat16
    elif case == 'disabled':
        with torch.backends.mkldnn.flags(enabled=False):
            assert layer(x).shape == (5, 12)
    else:
        assert layer.to('meta')(x.to('meta')).shape == (5, 12)
    assert not multiplied


def test_a_second_derivative_is_refused_instead_of_wrong(multiplied):
    x = torch.randn(5, 8, requires_grad=True)
    gradient, = torch.autograd.grad(Linear(8, 12)(x).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match='once_differentiable'):
        gradient.sum().backward()


def test_gelu_in_the_same_pass_equals_gelu_after_it_and_keeps_hooks(multiplied):
    from mmrice.models.layers import FeedForward
    feed_forward, x = FeedForward(8, 32), torch.randn(5, 8)
    expected = feed_forward(x)
    with torch.no_grad():
        torch.testing.assert_close(feed_forward(x), expected, atol=1e-6, rtol=1e-5)
        seen = []
        feed_forward[1].register_forward_hook(lambda *args: seen.append(args[-1]))
        torch.testing.assert_close(feed_forward(x), expected, atol=1e-6, rtol=1e-5)
    assert len(seen) == 1

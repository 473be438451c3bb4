"""Number formats: the ops compute in float32 whatever autocast hands them."""
import functools
from typing import Callable, Tuple, Union

import torch
from torch import Tensor

_HALF = (torch.float16, torch.bfloat16)


def wide(*tensors: Tensor) -> Union[Tensor, Tuple[Tensor, ...]]:
    """Bring floating-point tensors to one format of at least float32.

    Args:
        *tensors: Floating-point tensors.

    Returns:
        The tensor, or a tuple of them: float64 where one of them is, float32 otherwise.
    """
    dtype = torch.float64 if any(tensor.dtype == torch.float64 for tensor in tensors) else torch.float32
    result = tuple(tensor.to(dtype) for tensor in tensors)
    return result[0] if len(result) == 1 else result


def plain(op: Callable) -> Callable:
    """Decorate an op so that it runs outside autograd and autocast, as a compiled op does.

    The ops of ``mmcv.ops`` are called inside ``autograd.Function`` where autocast is still on; it would turn a float32
    matrix product back into bfloat16.
    """

    @functools.wraps(op)
    def wrapper(first: Tensor, *args, **kwargs):
        with torch.no_grad(), torch.autocast(first.device.type, enabled=False):
            return op(first, *args, **kwargs)

    return wrapper


def gradients(function: Callable[..., Tensor], inputs: Tuple[Tensor, ...], grad_output: Tensor) -> Tuple[Tensor, ...]:
    """Gradients of a plain torch function, by running it again under autograd.

    Args:
        function: Called with ``inputs``.
        inputs: Tensors to differentiate by.
        grad_output: Gradient of the function's result.

    Returns:
        One gradient for each input, with its shape and dtype.
    """
    inputs = tuple(tensor.detach().requires_grad_() for tensor in inputs)
    with torch.enable_grad():
        output = function(*inputs)
    return torch.autograd.grad(output, inputs, grad_output.to(output.dtype))

"""Deformable convolution, plain (v1) and modulated (v2), by torchvision's kernels."""
from typing import Tuple

import torch
import torchvision  # noqa: F401 (registers the kernels)
from torch import Tensor

from .precision import plain, wide

__all__ = ['deform_conv_forward', 'deform_conv_backward_input', 'deform_conv_backward_parameters',
           'modulated_deform_conv_forward', 'modulated_deform_conv_backward']


@plain
def deform_conv_forward(input: Tensor, weight: Tensor, offset: Tensor, output: Tensor, columns: Tensor, ones: Tensor,
                        kW: int, kH: int, dW: int, dH: int, padW: int, padH: int, dilationW: int, dilationH: int,
                        group: int, deformable_group: int, im2col_step: int) -> None:
    """Convolve with a kernel whose taps are moved by ``offset``.

    Args:
        input: Maps (B, C, H, W).
        weight: (O, C / group, kH, kW).
        offset: (B, 2 * deformable_group * kH * kW, H', W'): y and x of each tap in pixels.
        output: Result (B, O, H', W').
        columns: Buffer of the compiled op, unused.
        ones: Likewise.
        kW: Kernel width; then height, stride (x, y), padding (x, y), dilation (x, y).
        group: Convolution groups.
        deformable_group: Groups of channels that share offsets.
        im2col_step: Images at a time in the compiled op, unused.
    """
    geometry = (dH, dW, padH, padW, dilationH, dilationW, group, deformable_group)
    output.copy_(_forward(input, weight, offset, None, None, geometry))


@plain
def deform_conv_backward_input(input: Tensor, offset: Tensor, grad_output: Tensor, grad_input: Tensor,
                               grad_offset: Tensor, weight: Tensor, columns: Tensor, kW: int, kH: int, dW: int, dH: int,
                               padW: int, padH: int, dilationW: int, dilationH: int, group: int, deformable_group: int,
                               im2col_step: int) -> None:
    """Write the gradients of ``input`` and ``offset``; arguments as in :func:`deform_conv_forward`."""
    geometry = (dH, dW, padH, padW, dilationH, dilationW, group, deformable_group)
    grads = _backward(grad_output, input, weight, offset, None, geometry)
    grad_input.copy_(grads[0])
    grad_offset.copy_(grads[2])


@plain
def deform_conv_backward_parameters(input: Tensor, offset: Tensor, grad_output: Tensor, grad_weight: Tensor,
                                    columns: Tensor, ones: Tensor, kW: int, kH: int, dW: int, dH: int, padW: int,
                                    padH: int, dilationW: int, dilationH: int, group: int, deformable_group: int,
                                    scale: float, im2col_step: int) -> None:
    """Add ``scale`` times the weight's gradient to ``grad_weight``; arguments as in :func:`deform_conv_forward`."""
    weight = input.new_zeros(grad_weight.shape)
    geometry = (dH, dW, padH, padW, dilationH, dilationW, group, deformable_group)
    grad_weight.add_(_backward(grad_output, input, weight, offset, None, geometry)[1].to(grad_weight.dtype),
                     alpha=scale)


@plain
def modulated_deform_conv_forward(input: Tensor, weight: Tensor, bias: Tensor, ones: Tensor, offset: Tensor,
                                  mask: Tensor, output: Tensor, columns: Tensor, kernel_h: int, kernel_w: int,
                                  stride_h: int, stride_w: int, pad_h: int, pad_w: int, dilation_h: int,
                                  dilation_w: int, group: int, deformable_group: int, with_bias: bool) -> None:
    """Convolve with a kernel whose taps are moved by ``offset`` and weighted by ``mask``.

    Args:
        input: Maps (B, C, H, W).
        weight: (O, C / group, kernel_h, kernel_w).
        bias: (O,), used where ``with_bias``.
        ones: Buffer of the compiled op, unused.
        offset: (B, 2 * deformable_group * kernel_h * kernel_w, H', W'): y and x of each tap in pixels.
        mask: (B, deformable_group * kernel_h * kernel_w, H', W').
        output: Result (B, O, H', W').
        columns: Buffer of the compiled op, unused.
        kernel_h: Kernel height; then width, stride, padding, dilation (y, x).
        group: Convolution groups.
        deformable_group: Groups of channels that share offsets and masks.
        with_bias: Whether ``bias`` is added.
    """
    geometry = (stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, group, deformable_group)
    output.copy_(_forward(input, weight, offset, mask, bias if with_bias else None, geometry))


@plain
def modulated_deform_conv_backward(input: Tensor, weight: Tensor, bias: Tensor, ones: Tensor, offset: Tensor,
                                   mask: Tensor, columns: Tensor, grad_input: Tensor, grad_weight: Tensor,
                                   grad_bias: Tensor, grad_offset: Tensor, grad_mask: Tensor, grad_output: Tensor,
                                   kernel_h: int, kernel_w: int, stride_h: int, stride_w: int, pad_h: int, pad_w: int,
                                   dilation_h: int, dilation_w: int, group: int, deformable_group: int,
                                   with_bias: bool) -> None:
    """Write all gradients; arguments as in :func:`modulated_deform_conv_forward`."""
    geometry = (stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, group, deformable_group)
    grads = _backward(grad_output, input, weight, offset, mask, geometry)
    for target, grad in zip((grad_input, grad_weight, grad_offset, grad_mask), grads):
        target.copy_(grad)
    if with_bias:
        grad_bias.copy_(grads[4])


def _forward(input: Tensor, weight: Tensor, offset: Tensor, mask: Tensor, bias: Tensor, geometry: tuple) -> Tensor:
    """torchvision's forward kernel; ``mask`` and ``bias`` may be None."""
    input, weight, offset = wide(input, weight, offset)
    mask_or_none = input.new_zeros(len(input), 1) if mask is None else mask.to(input)
    bias = input.new_zeros(len(weight)) if bias is None else bias.to(input)
    return torch.ops.torchvision.deform_conv2d(input, weight, offset, mask_or_none, bias, *geometry, mask is not None)


def _backward(grad_output: Tensor, input: Tensor, weight: Tensor, offset: Tensor, mask: Tensor,
              geometry: tuple) -> Tuple[Tensor, ...]:
    """Gradients of input, weight, offset, mask and bias by torchvision's backward kernel."""
    grad_output, input, weight, offset = wide(grad_output, input, weight, offset)
    mask_or_none = input.new_zeros(len(input), 1) if mask is None else mask.to(input)
    bias = input.new_zeros(len(weight))
    return torch.ops.torchvision._deform_conv2d_backward(grad_output.contiguous(), input, weight, offset, mask_or_none,
                                                         bias, *geometry, mask is not None)

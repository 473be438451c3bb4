"""CARAFE: upsampling where each new pixel is a learned mixture of the old pixels around it."""
import torch
import torch.nn.functional as F
from torch import Tensor

from .precision import gradients, plain, wide

__all__ = ['carafe_naive_forward', 'carafe_naive_backward', 'carafe_forward', 'carafe_backward']


@plain
def carafe_naive_forward(features: Tensor, masks: Tensor, output: Tensor, kernel_size: int, group_size: int,
                         scale_factor: int) -> None:
    """Upsample by mixtures.

    Args:
        features: Maps (B, C, H, W).
        masks: Weights (B, group_size * kernel_size^2, scale_factor * H, scale_factor * W).
        output: Result (B, C, scale_factor * H, scale_factor * W).
        kernel_size: Side of the window of old pixels, odd.
        group_size: Groups of channels that share weights.
        scale_factor: Upsampling factor.
    """
    output.copy_(_reassemble(*wide(features, masks), kernel_size, group_size, scale_factor))


@plain
def carafe_naive_backward(grad_output: Tensor, features: Tensor, masks: Tensor, grad_input: Tensor, grad_masks: Tensor,
                          kernel_size: int, group_size: int, scale_factor: int) -> None:
    """Write the gradients of features and masks; arguments as in :func:`carafe_naive_forward`."""
    grads = gradients(lambda *inputs: _reassemble(*inputs, kernel_size, group_size, scale_factor),
                      wide(features, masks), grad_output)
    grad_input.copy_(grads[0])
    grad_masks.copy_(grads[1])


@plain
def carafe_forward(features: Tensor, masks: Tensor, rfeatures: Tensor, routput: Tensor, rmasks: Tensor, output: Tensor,
                   kernel_size: int, group_size: int, scale_factor: int) -> None:
    """Upsample by mixtures; ``rfeatures``, which the backward op gets, is filled with the features.

    The other buffers of the compiled op (``routput``, ``rmasks``) are unused; see :func:`carafe_naive_forward`.
    """
    rfeatures.copy_(features)
    carafe_naive_forward(features, masks, output, kernel_size, group_size, scale_factor)


@plain
def carafe_backward(grad_output: Tensor, rfeatures: Tensor, masks: Tensor, rgrad_output: Tensor,
                    rgrad_input_hs: Tensor, rgrad_input: Tensor, rgrad_masks: Tensor, grad_input: Tensor,
                    grad_masks: Tensor, kernel_size: int, group_size: int, scale_factor: int) -> None:
    """Write the gradients of features and masks; the four ``rgrad`` buffers are unused."""
    carafe_naive_backward(grad_output, rfeatures, masks, grad_input, grad_masks, kernel_size, group_size, scale_factor)


def _reassemble(features: Tensor, masks: Tensor, kernel: int, groups: int, scale: int) -> Tensor:
    """(B, C, scale * H, scale * W) from (B, C, H, W) and weights, differentiable in both."""
    batch, channels, height, width = features.shape
    windows = F.unfold(features, kernel, padding=kernel // 2)
    windows = windows.view(batch, groups, channels // groups, kernel * kernel, height, width)
    weights = masks.view(batch, groups, kernel * kernel, height, scale, width, scale)
    mixed = torch.einsum('bgckhw,bgkhywx->bgchywx', windows, weights)
    return mixed.reshape(batch, channels, height * scale, width * scale)

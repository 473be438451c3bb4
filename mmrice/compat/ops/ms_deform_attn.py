"""Multi-scale deformable attention, by the plain torch function that mmcv itself uses on the CPU."""
from torch import Tensor

from .precision import gradients, plain, wide

__all__ = ['ms_deform_attn_forward', 'ms_deform_attn_backward']


@plain
def ms_deform_attn_forward(value: Tensor, value_spatial_shapes: Tensor, value_level_start_index: Tensor,
                           sampling_locations: Tensor, attention_weights: Tensor, im2col_step: int) -> Tensor:
    """Weighted sum of bilinear samples from several maps.

    Args:
        value: (B, sum of H*W over the levels, heads, D).
        value_spatial_shapes: (levels, 2), int64: H and W of each level.
        value_level_start_index: (levels,); follows from the shapes, unused.
        sampling_locations: (B, Q, heads, levels, points, 2): x and y, 0..1 across each map.
        attention_weights: (B, Q, heads, levels, points).
        im2col_step: Images at a time in the compiled op, unused.

    Returns:
        Tensor: (B, Q, heads * D), in the dtype of ``value``.
    """
    result = _attend(value_spatial_shapes)(*wide(value, sampling_locations, attention_weights))
    return result.to(value.dtype)


@plain
def ms_deform_attn_backward(value: Tensor, value_spatial_shapes: Tensor, value_level_start_index: Tensor,
                            sampling_locations: Tensor, attention_weights: Tensor, grad_output: Tensor,
                            grad_value: Tensor, grad_sampling_loc: Tensor, grad_attn_weight: Tensor,
                            im2col_step: int) -> None:
    """Write the three gradients; arguments as in :func:`ms_deform_attn_forward`."""
    inputs = wide(value, sampling_locations, attention_weights)
    grads = gradients(_attend(value_spatial_shapes), inputs, grad_output)
    for target, grad in zip((grad_value, grad_sampling_loc, grad_attn_weight), grads):
        target.copy_(grad)


def _attend(spatial_shapes: Tensor):
    """mmcv's function with the shapes of the levels filled in."""
    from mmcv.ops.multi_scale_deform_attn import multi_scale_deformable_attn_pytorch
    shapes = [tuple(shape) for shape in spatial_shapes.tolist()]
    return lambda value, locations, weights: multi_scale_deformable_attn_pytorch(value, shapes, locations, weights)

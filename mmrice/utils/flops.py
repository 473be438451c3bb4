"""Count floating-point operations of a forward pass, module by module, and the closed formula of the ViT to check it.

Convention: FLOPs are twice the multiply-adds (MACs) of matrix products, convolutions and attention. Norms, activations,
softmax, rotary positions, biases, pooling, interpolation and bilinear sampling are left out.
"""
import sys
from collections import Counter
from math import prod
from types import FrameType
from typing import Any, Callable, Dict, NamedTuple, Optional, Sequence

import torch
import torchvision  # noqa: F401 (registers deform_conv2d)
from torch import nn
from torch.utils import flop_counter

aten = torch.ops.aten
Shape = Sequence[int]
CONVENTION = ('FLOPs = 2 x multiply-adds (MACs) of matrix products, convolutions and attention; norms, activations, '
              'softmax, rotary positions, biases, pooling and sampling are not counted')
_ATTENTION = ('scaled_dot_product', 'flash_attention', 'efficient_attention', 'bmm')


class FlopCount(NamedTuple):
    """FLOPs of a run.

    ``by_module`` is {dotted name: FLOPs of what runs in the module's own code, not in that of its children}, '' being
    the model itself; ``by_kind`` is {'attention' | 'convolution' | 'linear': FLOPs}, where attention means fused
    attention and products of two batches of matrices.
    """
    by_module: Dict[str, int]
    by_kind: Dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.by_module.values())

    def below(self, name: str) -> int:
        """FLOPs of a module and all that is inside; '' is the model."""
        return sum(flops for key, flops in self.by_module.items() if not name or f'{key}.'.startswith(f'{name}.'))


def count_flops(model: nn.Module, forward: Callable[[], Any]) -> FlopCount:
    """Run a forward pass and count it.

    Heads are often called by other methods than ``forward``, which hooks do not see; operations are therefore booked on
    the innermost running method whose ``self`` is a module of the model.

    Args:
        model: Whose modules the operations are booked on.
        forward: Runs the model. Its results are dropped.

    Returns:
        FlopCount: Of all that ran inside ``forward``.
    """
    names = {id(module): name for name, module in model.named_modules()}
    by_module, by_kind = Counter(), Counter()

    def booked(operation: Any, formula: Callable[..., int]) -> Callable[..., int]:

        def count(*args: Any, **kwargs: Any) -> int:
            flops = formula(*args, **kwargs)
            by_module[_innermost(sys._getframe(1), names)] += flops
            by_kind[_kind(str(operation))] += flops
            return flops

        count._get_raw = True  # the formula takes tensors to shapes by itself
        return count

    formulas = {**{key: flop_counter.shape_wrapper(formula) for key, formula in _missing_formulas().items()},
                **flop_counter.flop_registry}
    fast_path = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # one opaque operation for all of nn.MultiheadAttention
    try:
        with flop_counter.FlopCounterMode(
                display=False, custom_mapping={key: booked(key, formula) for key, formula in formulas.items()}):
            forward()
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)
    return FlopCount(dict(by_module), dict(by_kind))


def _innermost(frame: Optional[FrameType], names: Dict[int, str]) -> str:
    while frame is not None:
        if 'self' in frame.f_code.co_varnames:
            name = names.get(id(frame.f_locals.get('self')))
            if name is not None:
                return name
        frame = frame.f_back
    return ''


def _kind(operation: str) -> str:
    if 'conv' in operation:
        return 'convolution'
    return 'attention' if any(word in operation for word in _ATTENTION) else 'linear'


def _missing_formulas() -> Dict[Any, Callable[..., int]]:
    """Formulas of operations that torch counts as nothing, {operation: function of shapes}."""
    formulas = {
        aten._scaled_dot_product_flash_attention_for_cpu: _attention_flops,
        torch.ops.torchvision.deform_conv2d: _deform_conv_flops,
        **dict.fromkeys((aten.addmm_, aten.baddbmm_, aten.addbmm, aten.addbmm_),
                        lambda _, left, right, *__, **___: 2 * prod(left) * right[-1]),
        **dict.fromkeys((aten.addmv, aten.addmv_), lambda _, matrix, *__, **___: 2 * prod(matrix)),
        **dict.fromkeys((aten.mv, aten.dot), lambda left, *_, **__: 2 * prod(left)),
    }
    if hasattr(torch.ops.mkldnn, '_linear_pointwise'):  # torch without oneDNN has none
        formulas[torch.ops.mkldnn._linear_pointwise] = lambda x, *_, out_shape, **__: 2 * prod(out_shape) * x[-1]
    return formulas


def _attention_flops(query: Shape, key: Shape, value: Shape, *_: Any, **__: Any) -> int:
    """Shapes (B, heads, tokens, dims): scores, then their product with the values."""
    return 2 * prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


def _deform_conv_flops(inputs: Shape, weight: Shape, *_: Any, out_shape: Shape, **__: Any) -> int:
    """The convolution without its bilinear sampling."""
    return 2 * prod(out_shape) * prod(weight[1:])


def vit_flops(embed_dims: int,
              num_layers: int,
              num_heads: int,
              ffn_dims: int,
              patch_size: int,
              height: int,
              width: int,
              batch: int = 1,
              window_size: int = 0,
              num_global_layers: int = 0) -> int:
    """FLOPs of a forward pass of :class:`mmrice.RICEViT`, in the convention of this file.

    With C channels, F hidden channels, p pixels a side of a patch, a grid of h x w = (H / p) x (W / p) patches, L = h w
    and N = L + 1 tokens:

    - patch embedding: L patches times a (3 p^2, C) matrix: 6 L p^2 C;
    - linear layers of a layer: qkv is (C, 3 C) and proj (C, C): 8 N C^2; the feed-forward network is (C, F) and (F, C):
      4 N C F;
    - attention of a layer: for each pair of a query and a key that it sees, scores take C / heads multiply-adds in each
      head, and so does their product with the values: 4 C a pair, whatever the number of heads. Global attention has
      N^2 pairs;
    - windows of s x s patches: the class token sees N tokens; a patch sees the n patches of its window and the class
      token, so a window has n (n + 1) pairs. Windows are cut at the right and bottom edges. Over all of them n adds up
      to L and n^2 to S(h) S(w), where S(k) = floor(k / s) s^2 + (k mod s)^2. Together N + L + S(h) S(w) pairs.

    Args:
        embed_dims: C.
        num_layers: Layers.
        num_heads: Attention heads; the result does not depend on it.
        ffn_dims: F.
        patch_size: p.
        height: H in pixels, a multiple of p.
        width: W in pixels, a multiple of p.
        batch: Images.
        window_size: s in patches; 0 for global attention in all layers.
        num_global_layers: Of the layers, where ``window_size`` is given.

    Returns:
        int: FLOPs of the batch.
    """
    grid = height // patch_size, width // patch_size
    patches = prod(grid)
    tokens = patches + 1
    num_windowed = num_layers - num_global_layers if window_size else 0
    pairs = (num_layers - num_windowed) * tokens**2
    if num_windowed:
        squares = [side // window_size * window_size**2 + (side % window_size)**2 for side in grid]
        pairs += num_windowed * (tokens + patches + prod(squares))
    linear = num_layers * tokens * (8 * embed_dims**2 + 4 * embed_dims * ffn_dims)
    return batch * (6 * patches * patch_size**2 * embed_dims + linear + 4 * embed_dims * pairs)

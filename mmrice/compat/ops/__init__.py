"""The ops of ``mmcv._ext``, from torchvision's kernels and plain torch.

Each function has the name, the argument order, the keywords and the in-place results of the compiled op, so that
``mmcv.ops`` works on top of it unchanged, on CPU and on CUDA tensors. Half precision is computed in float32 and rounded
once at the end. Every op that mmdet, mmseg and mmpretrain use is here but ``line_nms_forward``; rotated boxes, point
clouds, text contours and StyleGAN's ops are not.
"""
from typing import Any, Callable, Dict

from ..hints import compile_hint
from . import (
    boxes,
    build_info,
    carafe,
    deform_conv,
    deform_roi_pool,
    focal_loss,
    masked_conv,
    ms_deform_attn,
    nms,
    psa_mask,
    roi_align,
    roi_pool,
    sync_bn,
)

_MODULES = (boxes, build_info, carafe, deform_conv, deform_roi_pool, focal_loss, masked_conv, ms_deform_attn, nms,
            psa_mask, roi_align, roi_pool, sync_bn)


class MissingOpError(NotImplementedError):
    """An op of mmcv was called that exists only in compiled mmcv."""


def supplied() -> Dict[str, Callable]:
    """Name and function of every op that the stand-in has."""
    return {name: getattr(module, name) for module in _MODULES for name in module.__all__}


def missing(name: str) -> Callable:
    """Make a function in the place of an op that the stand-in lacks.

    It exists because mmcv asks for the names of all ops when it is imported; it fails when it is called.

    Args:
        name: Name of the op.

    Raises:
        AttributeError: ``name`` starts with an underscore and so is no op.
    """
    if name.startswith('_'):
        raise AttributeError(f"module 'mmcv._ext' has no attribute {name!r}")

    def op(*args: Any, **kwargs: Any) -> None:
        raise MissingOpError(f'mmcv op {name} needs compiled mmcv ops, which are missing. {compile_hint()} '
                             f'mmrice supplies without a compiler: {", ".join(sorted(supplied()))}.')

    op.__name__ = op.__qualname__ = name
    return op

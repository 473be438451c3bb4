"""FloatResultsHook: evaluation in bfloat16 hands float32 to the metrics."""
from typing import Any, Optional

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from mmrice.registry import HOOKS


def to_float(value: Any) -> Any:
    """Turn bfloat16 tensors into float32 ones.

    Args:
        value: Nested dicts, lists, tuples and data elements, which are changed in place.

    Returns:
        Any: The same with float32 in place of bfloat16.
    """
    if isinstance(value, Tensor):
        return value.float() if value.dtype == torch.bfloat16 else value
    if isinstance(value, BaseDataElement):
        for name, item in value.items():
            changed = to_float(item)
            if changed is not item:
                value.set_data({name: changed})
        return value
    if isinstance(value, dict):
        return {key: to_float(item) for key, item in value.items()}
    return type(value)(map(to_float, value)) if type(value) in (list, tuple) else value


@HOOKS.register_module()
class FloatResultsHook(Hook):
    """Convert predictions of ``val_cfg.fp16=True`` and ``test_cfg.fp16=True``, since NumPy has no bfloat16."""

    def __init__(self) -> None:
        self._handle: Optional[torch.utils.hooks.RemovableHandle] = None

    def before_val(self, runner: Runner) -> None:
        """Watch the model's outputs."""
        self._watch(runner)

    def before_test(self, runner: Runner) -> None:
        """Watch the model's outputs."""
        self._watch(runner)

    def after_val(self, runner: Runner) -> None:
        """Leave the model alone again."""
        self._handle.remove()

    def after_test(self, runner: Runner) -> None:
        """Leave the model alone again."""
        self._handle.remove()

    def _watch(self, runner: Runner) -> None:
        model: nn.Module = getattr(runner.model, 'module', runner.model)
        self._handle = model.register_forward_hook(lambda module, inputs, outputs: to_float(outputs))

"""AmpOptimWrapper: automatic mixed precision on CUDA and on the CPU."""
import logging
from contextlib import contextmanager
from typing import Any, Iterator, Optional, Union

import torch
from mmengine.device import is_cuda_available, is_musa_available, is_npu_available
from mmengine.logging import print_log
from mmengine.optim import AmpOptimWrapper as _AmpOptimWrapper
from mmengine.optim import OptimWrapper
from torch import nn

from mmrice.compat.environment import has_cpu_bf16
from mmrice.registry import OPTIM_WRAPPERS

from .optim_wrapper import RowGradients, agree_on_overflow


@OPTIM_WRAPPERS.register_module()
class AmpOptimWrapper(RowGradients, _AmpOptimWrapper):
    """mmengine's AmpOptimWrapper, on the CPU as well.

    On an accelerator it is mmengine's: float16 with a dynamic loss scale by default. On the CPU it is bfloat16 autocast
    without a loss scale. Weights, gradients and the optimizer's state are float32 either way; gradient clipping and
    accumulation work as usual, with sparse gradients and tables that are split over ranks as in
    :class:`mmrice.OptimWrapper`: a gradient that overflows on one rank makes all of them skip the step.

    Args:
        loss_scale (float | str | dict): Loss scale, for accelerators. Defaults to 'dynamic'.
        dtype (str | torch.dtype, optional): Type to compute in, for accelerators; the CPU has bfloat16 alone.
            Defaults to None.
        only_if_fast (bool): Compute in float32 where the hardware has no bfloat16 arithmetic, instead of warning that
            it will be slow. Defaults to False.
        **kwargs: See :class:`mmengine.optim.OptimWrapper`.
    """

    def __init__(self,
                 loss_scale: Union[float, str, dict] = 'dynamic',
                 dtype: Optional[Union[str, torch.dtype]] = None,
                 only_if_fast: bool = False,
                 **kwargs: Any) -> None:
        self._half = True
        if is_cuda_available() or is_npu_available() or is_musa_available():
            super().__init__(loss_scale=loss_scale, dtype=dtype, **kwargs)
            if only_if_fast and self.cast_dtype == torch.bfloat16 and is_cuda_available():
                self._half = torch.cuda.is_bf16_supported(including_emulation=False)
            return
        kwargs.pop('use_fsdp', None)
        OptimWrapper.__init__(self, **kwargs)
        self._scale_update_param = None
        self.loss_scaler = torch.amp.GradScaler('cpu', enabled=False)
        self.cast_dtype = torch.bfloat16
        if not has_cpu_bf16():
            self._half = not only_if_fast
            print_log(
                'AMP: this CPU has no bfloat16 arithmetic (AVX512-BF16 or AMX); ' +
                ('this run is in float32.' if only_if_fast else 'float32 will be faster.'), 'current', logging.WARNING)

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast, and whatever gradient accumulation needs."""
        context = super().optim_context if self._half else super(_AmpOptimWrapper, self).optim_context
        with context(model):
            yield

    def step(self, **kwargs: Any) -> None:
        """Unscale and clip gradients and update the parameters, on all ranks or on none.

        Args:
            **kwargs: Of the optimizer's step.
        """
        if not self.clip_grad_kwargs and self._must_agree():
            self.loss_scaler.unscale_(self.optimizer)
            agree_on_overflow(self.loss_scaler, self.optimizer)
        super().step(**kwargs)

    def _must_agree(self) -> bool:
        return self.loss_scaler.is_enabled() and self._is_split()

    def _clip_grad(self) -> None:
        if self._must_agree():
            agree_on_overflow(self.loss_scaler, self.optimizer)
        super()._clip_grad()

    def load_state_dict(self, state_dict: dict) -> None:
        """Load a state, of a run on the CPU too, which has no loss scale."""
        if not state_dict.get('loss_scaler', True):
            state_dict = {key: value for key, value in state_dict.items() if key != 'loss_scaler'}
        super().load_state_dict(state_dict)

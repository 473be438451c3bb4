"""OptimWrapper: gradients by rows, and tables that are split over ranks."""
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.optim import OptimWrapper as _OptimWrapper
from torch import nn

from mmrice.parallel import row_shard
from mmrice.registry import OPTIM_WRAPPERS
from mmrice.utils.errors import UserError

from .clip_grad import clip_grad_norm, clip_grad_value
from .optimizers import SparseAdamW

_CLIP = {nn.utils.clip_grad_norm_: clip_grad_norm, nn.utils.clip_grad_value_: clip_grad_value}
_TAKE_SPARSE = (SparseAdamW, torch.optim.SGD, torch.optim.Adagrad, torch.optim.SparseAdam)


class RowGradients:
    """What wrappers of optimizers need to know of such gradients. To be inherited before a wrapper of mmengine's."""

    def initialize_count_status(self, model: nn.Module, init_counts: int, max_counts: int) -> None:
        """Begin training.

        Args:
            model: Modules whose attribute ``sparse`` is True, as that of torch.nn.Embedding, will have sparse
                gradients.
            init_counts, max_counts: Number of the first and the last iteration.

        Raises:
            UserError: The optimizer takes no sparse gradients.
        """
        kind = type(self.optimizer)
        refuses = kind is getattr(torch.optim, kind.__name__, None) and not issubclass(kind, _TAKE_SPARSE)
        for name, module in model.named_modules():
            if refuses and getattr(module, 'sparse', False) is True and any(
                    parameter.requires_grad for parameter in module.parameters(recurse=False)):
                raise UserError(_refusal(kind, f'{name} ({type(module).__name__})'))
        super().initialize_count_status(model, init_counts, max_counts)

    def step(self, **kwargs: Any) -> None:
        """Clip gradients and update the parameters.

        Args:
            **kwargs: Of the optimizer's step.

        Raises:
            UserError: The optimizer takes no sparse gradients.
        """
        try:
            super().step(**kwargs)
        except RuntimeError as error:
            parameter = next((p for p in self._parameters() if p.grad is not None and p.grad.is_sparse), None)
            if parameter is None or 'sparse' not in str(error).lower():
                raise
            raise UserError(
                _refusal(type(self.optimizer), f'a parameter of shape {tuple(parameter.shape)}')) from error

    def _parameters(self) -> list:
        return [p for group in self.optimizer.param_groups for p in group['params'] if p.requires_grad]

    def _is_split(self) -> bool:
        return get_world_size() > 1 and any(row_shard(parameter) is not None for parameter in self._parameters())

    def _clip_grad(self) -> None:
        """Clip over all ranks, also on those without a gradient, and log the norm."""
        parameters = self._parameters()
        if not self._is_split() and all(parameter.grad is None for parameter in parameters):
            return
        norm = _CLIP.get(self.clip_func, self.clip_func)(parameters, **self.clip_grad_kwargs)
        if norm is not None:
            self.message_hub.update_scalar(f'train/{self.grad_name}', float(norm))


def agree_on_overflow(scaler: torch.amp.GradScaler, optimizer: torch.optim.Optimizer) -> None:
    """Let all ranks skip a step where the gradients of one overflowed.

    Gradients of replicas are equal, those of tables split over ranks are not.

    Args:
        scaler: Has unscaled the gradients.
        optimizer: Of these gradients.
    """
    device = optimizer.param_groups[0]['params'][0].device
    found = scaler._per_optimizer_states[id(optimizer)]['found_inf_per_device']
    overflow = sum((part.to(device) for part in found.values()), torch.zeros((), device=device))
    all_reduce(overflow, 'max')
    for place in list(found) or [device]:
        found[place] = overflow.to(place)


@OPTIM_WRAPPERS.register_module()
class OptimWrapper(RowGradients, _OptimWrapper):
    """mmengine's OptimWrapper, for sparse gradients and for tables that are split over ranks as well.

    Clipping by norm takes the norm over all ranks; see :func:`mmrice.engine.clip_grad_norm`. An optimizer that takes no
    sparse gradients is named before training or at its first step.

    Args:
        **kwargs: See :class:`mmengine.optim.OptimWrapper`.
    """


def _refusal(optimizer: type, what: str) -> str:
    return (f'{optimizer.__name__} takes no sparse gradients, but {what} has one. Use optim_wrapper.optimizer.type='
            "'mmrice.SparseAdamW', which is AdamW for all else, or let tables of class centres use all rows in each "
            'step (sample_ratio=1).')

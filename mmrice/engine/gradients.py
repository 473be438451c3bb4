"""Gradients that wait for the optimizer's next step (``accumulative_counts``): they belong to a checkpoint."""
from typing import Dict

import torch
from mmengine.dist import all_reduce
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from torch import Tensor, nn

from mmrice.parallel import row_shard


def _module(runner: Runner) -> nn.Module:
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def _waiting(runner: Runner, sharded: bool) -> Dict[str, Tensor]:
    wrapper = runner.optim_wrapper
    if not isinstance(wrapper, OptimWrapper) or getattr(wrapper, '_accumulative_counts', 1) == 1:
        return {}
    return {name: parameter.grad.detach() for name, parameter in _module(runner).named_parameters()
            if parameter.grad is not None and (row_shard(parameter) is not None) == sharded}


def pending_gradients(runner: Runner) -> Dict[str, Tensor]:
    """Gradients accumulated since the last step, but for those of rows of a table.

    All ranks must call it: between steps each rank has gradients of its own, and their mean is returned.

    Args:
        runner: In training.

    Returns:
        dict: {parameter name: gradient on the CPU}; empty where the optimizer has just made a step.
    """
    gradients = {}
    for name, gradient in _waiting(runner, sharded=False).items():
        gradient = gradient.clone()
        all_reduce(gradient, 'mean')
        gradients[name] = gradient.cpu()
    return gradients


def pending_table_gradients(runner: Runner) -> Dict[str, Tensor]:
    """Gradients of this rank's rows of tables accumulated since the last step; they are those of all ranks already.

    Args:
        runner: In training.

    Returns:
        dict: {parameter name: gradient, dense or sparse}.
    """
    return _waiting(runner, sharded=True)


@torch.no_grad()
def restore_gradients(runner: Runner, gradients: Dict[str, Tensor]) -> None:
    """Put saved gradients back.

    Args:
        runner: Before its first iteration.
        gradients: Of :func:`pending_gradients` and :func:`pending_table_gradients`; dense ones stay dense, sparse ones
            sparse.
    """
    for name, parameter in _module(runner).named_parameters():
        if name in gradients:
            parameter.grad = gradients[name].to(parameter.device, parameter.dtype)

"""Gradients that wait for the optimizer's next step (``accumulative_counts``): they belong to a checkpoint."""
from typing import Dict

import torch
from mmengine.dist import all_reduce
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from torch import Tensor, nn


def _module(runner: Runner) -> nn.Module:
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def pending_gradients(runner: Runner) -> Dict[str, Tensor]:
    """Gradients accumulated since the last step.

    All ranks must call it: between steps each rank has gradients of its own, and their mean is returned.

    Args:
        runner: In training.

    Returns:
        dict: {parameter name: gradient on the CPU}; empty where the optimizer has just made a step.
    """
    wrapper = runner.optim_wrapper
    if not isinstance(wrapper, OptimWrapper) or getattr(wrapper, '_accumulative_counts', 1) == 1:
        return {}
    gradients = {}
    for name, parameter in _module(runner).named_parameters():
        if parameter.grad is not None:
            gradient = parameter.grad.detach().clone()
            all_reduce(gradient, 'mean')
            gradients[name] = gradient.cpu()
    return gradients


@torch.no_grad()
def restore_gradients(runner: Runner, gradients: Dict[str, Tensor]) -> None:
    """Put saved gradients back.

    Args:
        runner: Before its first iteration.
        gradients: As :func:`pending_gradients` returned them.
    """
    for name, parameter in _module(runner).named_parameters():
        if name in gradients:
            parameter.grad = gradients[name].to(parameter.device, parameter.dtype)

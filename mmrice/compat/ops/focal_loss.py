"""Focal loss (Lin et al. 2017, Eq. 5) on sigmoid and on softmax scores.

    FL(p) = -alpha * (1 - p)^gamma * log(p)

with ``p`` the probability of the right answer; on sigmoid scores wrong classes have the weight 1 - alpha. A target
outside 0..C-1 is background for the sigmoid form and ignored by the softmax form.
"""
import torch
import torch.nn.functional as F
from torch import Tensor

from .precision import plain, wide

__all__ = ['sigmoid_focal_loss_forward', 'sigmoid_focal_loss_backward', 'softmax_focal_loss_forward',
           'softmax_focal_loss_backward']


@plain
def sigmoid_focal_loss_forward(input: Tensor, target: Tensor, weight: Tensor, output: Tensor, gamma: float,
                               alpha: float) -> None:
    """Write the loss of every score.

    Args:
        input: Scores before the sigmoid (N, C).
        target: int64 classes (N,).
        weight: Weight of each target class (C,), or empty.
        output: Result (N, C), in nats.
        gamma: How much easy answers count less.
        alpha: Weight of the right class.
    """
    scores = wide(input)
    positive, p = _is_target(scores, target), scores.sigmoid()
    loss = torch.where(positive, -alpha * (1 - p)**gamma * F.logsigmoid(scores),
                       -(1 - alpha) * p**gamma * F.logsigmoid(-scores))
    output.copy_(loss * _target_weight(scores, target, weight)[:, None])


@plain
def sigmoid_focal_loss_backward(input: Tensor, target: Tensor, weight: Tensor, grad_input: Tensor, gamma: float,
                                alpha: float) -> None:
    """Write the derivative of each loss by its score; arguments as in :func:`sigmoid_focal_loss_forward`."""
    scores = wide(input)
    positive, p = _is_target(scores, target), scores.sigmoid()
    grad = torch.where(positive, -alpha * (1 - p)**gamma * (1 - p - gamma * p * F.logsigmoid(scores)),
                       -(1 - alpha) * p**gamma * (gamma * (1 - p) * F.logsigmoid(-scores) - p))
    grad_input.copy_(grad * _target_weight(scores, target, weight)[:, None])


@plain
def softmax_focal_loss_forward(input: Tensor, target: Tensor, weight: Tensor, output: Tensor, gamma: float,
                               alpha: float) -> None:
    """Write the loss of every row.

    Args:
        input: Probabilities after the softmax (N, C).
        target: int64 classes (N,).
        weight: Weight of each target class (C,), or empty.
        output: Result (N,), in nats.
        gamma: How much easy answers count less.
        alpha: Weight of the loss.
    """
    p, log_p = _probability(wide(input), target)
    loss = -alpha * (1 - p)**gamma * log_p
    output.copy_(loss * _target_weight(p, target, weight, len(input[0])) * _valid(input, target))


@plain
def softmax_focal_loss_backward(input: Tensor, target: Tensor, weight: Tensor, buff: Tensor, grad_input: Tensor,
                                gamma: float, alpha: float) -> None:
    """Write the derivative of each row's loss by the scores before the softmax.

    Args:
        input: Probabilities after the softmax (N, C).
        target: int64 classes (N,).
        weight: Weight of each target class (C,), or empty.
        buff: Receives the factor of each row, (N,).
        grad_input: Result (N, C).
        gamma: As in :func:`softmax_focal_loss_forward`.
        alpha: Likewise.
    """
    probabilities = wide(input)
    p, log_p = _probability(probabilities, target)
    factor = alpha * (-(1 - p)**gamma + gamma * (1 - p)**(gamma - 1) * p * log_p)
    factor = factor * _target_weight(p, target, weight, len(input[0])) * _valid(input, target)
    buff.copy_(factor)
    grad_input.copy_(factor[:, None] * (_is_target(probabilities, target).to(p) - probabilities))


def _is_target(scores: Tensor, target: Tensor) -> Tensor:
    """(N, C) bool: whether a column is its row's target."""
    return target[:, None] == torch.arange(scores.shape[1], device=scores.device)


def _valid(input: Tensor, target: Tensor) -> Tensor:
    """(N,) bool: whether the target is a class."""
    return (target >= 0) & (target < input.shape[1])


def _probability(probabilities: Tensor, target: Tensor) -> tuple:
    """Probability (N,) of the target and its finite logarithm."""
    index = target.clamp(0, probabilities.shape[1] - 1)[:, None]
    p = probabilities.gather(1, index)[:, 0]
    return p, p.clamp(min=torch.finfo(torch.float32).tiny).log()


def _target_weight(like: Tensor, target: Tensor, weight: Tensor, classes: int = 0) -> Tensor:
    """(N,) weight of each row's target class; 1 for rows without a class and where no weights are given."""
    ones = like.new_ones(len(target))
    if not weight.numel():
        return ones
    classes = classes or like.shape[1]
    valid = (target >= 0) & (target < classes)
    return torch.where(valid, weight.to(like)[target.clamp(0, classes - 1)], ones)

"""Sparse gradients of tables: values for some of the rows."""
import torch
from torch import Tensor, nn

from mmrice.utils.errors import UserError


@torch.no_grad()
def coalesce_gradient(parameter: nn.Parameter) -> Tensor:
    """Let a sparse gradient name each row once, in ascending order, and keep it so.

    Accumulated gradients name a row once for each backward pass; the values of a row are added up. Rows that ascend
    already are not copied, whether or not autograd has kept the note that they do.

    Args:
        parameter: With a gradient of layout torch.sparse_coo whose values are rows: indices (1, S), values (S, ...).

    Returns:
        Tensor: The coalesced gradient, which ``parameter.grad`` is from now on.

    Raises:
        UserError: Indices have more than the dimension of rows.
    """
    gradient = parameter.grad
    if gradient.sparse_dim() != 1:
        raise UserError(f'the sparse gradient of a parameter of shape {tuple(parameter.shape)} is not of whole rows: '
                        f'it has {gradient.sparse_dim()} sparse dimensions. Expected one, as that of '
                        'torch.nn.Embedding(sparse=True).')
    if not gradient.is_coalesced():
        indices = gradient._indices()
        if bool((indices[0, 1:] > indices[0, :-1]).all()):
            parameter.grad = torch.sparse_coo_tensor(
                indices, gradient._values(), gradient.shape, is_coalesced=True, check_invariants=False)
        else:
            parameter.grad = gradient.coalesce()
    return parameter.grad

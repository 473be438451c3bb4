"""SparseAdamW: AdamW that leaves rows without a gradient alone."""
from typing import Any, Dict

import torch
from torch import Tensor, nn

from mmrice.parallel import row_shard
from mmrice.registry import OPTIMIZERS
from mmrice.utils.errors import UserError

from .row_gradients import coalesce_gradient

_CHUNK_BYTES = {'cpu': 2**20, 'cuda': 2**24}  # of one tensor of gathered rows: five in the caches, or few launches
_UNSUPPORTED = ('amsgrad', 'maximize', 'capturable', 'differentiable')


@OPTIMIZERS.register_module()
class SparseAdamW(torch.optim.AdamW):
    """AdamW for models with large tables, of which a step uses few rows.

    Parameters with dense gradients are torch.optim.AdamW's, bit for bit. Where a gradient is sparse, the rows r that it
    names, and no others, make a step (Kingma & Ba 2015, Loshchilov & Hutter 2019, with each row's own time t_r)::

        t_r += 1
        m_r  = beta1 m_r + (1 - beta1) g_r
        v_r  = beta2 v_r + (1 - beta2) g_r^2
        w_r -= lr weight_decay w_r + lr m_r / (1 - beta1^t_r) / (sqrt(v_r / (1 - beta2^t_r)) + eps)

    A row without a gradient keeps its value and its state bit for bit: neither momentum nor weight decay moves it, and
    its moments do not decay. torch.optim.SparseAdam has one t for the whole table, so that rows seen late make a first
    step of the wrong size, and no weight decay.

    The state of such a table is ``exp_avg`` and ``exp_avg_sq``, shaped like it, and ``step``, int32, shape (rows,).
    Rows of a table that is split over ranks (:func:`mmrice.parallel.row_shard`) are always counted this way; a dense
    gradient names all rows. So do dense gradients of a table that had sparse ones before. A table that had dense ones
    before starts with their number of steps in each row. Beside state and gradient a step takes 5 MiB on a CPU
    (five copies of a chunk of rows), 80 MiB elsewhere.

    Args:
        params: Parameters or groups of them.
        **kwargs: As of torch.optim.AdamW: ``lr`` (1e-3), ``betas`` (0.9, 0.999), ``eps`` (1e-8), ``weight_decay``
            (1e-2), ``foreach``, ``fused``. ``amsgrad``, ``maximize``, ``capturable`` and ``differentiable`` are for
            dense gradients alone.

    Example:
        >>> import torch
        >>> from mmrice.engine import SparseAdamW
        >>> table = torch.nn.Embedding(1000, 8, sparse=True)
        >>> optimizer = SparseAdamW(table.parameters(), lr=0.1)
        >>> table(torch.tensor([3, 5, 3])).sum().backward()
        >>> optimizer.step()
        >>> optimizer.state[table.weight]['step'].nonzero().flatten().tolist()
        [3, 5]
    """

    def __init__(self, params: Any, **kwargs: Any) -> None:
        super().__init__(params, **kwargs)
        self._step_supports_amp_scaling = False  # a loss scaler must unscale rows before the step, so also the rest

    def __setstate__(self, state: Dict[str, Any]) -> None:
        super().__setstate__(state)
        for parameter, values in self.state.items():
            if isinstance(parameter, Tensor) and _counts_rows(values):
                values['step'] = values['step'].to(parameter.device, torch.int32)

    def _init_group(self, group: Dict[str, Any], *lists: list) -> Any:
        """Make the steps of rows, and leave the other parameters to torch."""
        dense = []
        for parameter in group['params']:
            if parameter.grad is not None and self._is_table(parameter):
                self._step_rows(parameter, group)
            else:
                dense.append(parameter)
        return super()._init_group({**group, 'params': dense}, *lists)

    def _is_table(self, parameter: nn.Parameter) -> bool:
        return parameter.grad.is_sparse or row_shard(parameter) is not None or _counts_rows(
            self.state.get(parameter, {}))

    def _row_state(self, parameter: nn.Parameter) -> Dict[str, Tensor]:
        state = self.state[parameter]
        if not state:
            state['step'] = torch.zeros(len(parameter), dtype=torch.int32, device=parameter.device)
            state['exp_avg'], state['exp_avg_sq'] = (torch.zeros_like(parameter, requires_grad=False) for _ in range(2))
        elif not _counts_rows(state):
            state['step'] = torch.full(parameter.shape[:1], int(state['step']), dtype=torch.int32,
                                       device=parameter.device)
        return state

    def _step_rows(self, parameter: nn.Parameter, group: Dict[str, Any]) -> None:
        for option in _UNSUPPORTED:
            if group[option]:
                raise UserError(f'SparseAdamW: {option}=True is for dense gradients, but a parameter of shape '
                                f'{tuple(parameter.shape)} has a gradient by rows. Drop {option} from the optimizer.')
        state, rows, gradient = self._row_state(parameter), None, parameter.grad
        if gradient.is_sparse:
            gradient = coalesce_gradient(parameter)
            rows, gradient = gradient.indices()[0], gradient.values()
        if not gradient.numel():
            return
        count = state['step'] if rows is None else state['step'].index_select(0, rows)
        count += 1
        if rows is not None:
            state['step'].index_copy_(0, rows, count)
        (beta1, beta2), lr = map(float, group['betas']), float(group['lr'])
        shape = (-1, *[1] * (gradient.ndim - 1))
        step_size = (lr / (1 - beta1**count.double())).to(gradient.dtype).view(shape)
        root = (1 - beta2**count.double()).rsqrt_().to(gradient.dtype).view(shape)
        chunk_bytes = _CHUNK_BYTES.get(parameter.device.type, 2**24)
        size = max(1, chunk_bytes // (gradient[0].numel() * gradient.element_size()))
        tables = parameter, state['exp_avg'], state['exp_avg_sq']
        for start in range(0, len(gradient), size):
            part = slice(start, start + size)
            chunk = [table[part] if rows is None else table.index_select(0, rows[part]) for table in tables]
            _update(*chunk, gradient[part], step_size[part], root[part], beta1, beta2, group['eps'],
                    1 - lr * group['weight_decay'])
            if rows is not None:
                for table, values in zip(tables, chunk):
                    table.index_copy_(0, rows[part], values)


def _update(weight: Tensor, exp_avg: Tensor, exp_avg_sq: Tensor, gradient: Tensor, step_size: Tensor, root: Tensor,
            beta1: float, beta2: float, eps: float, keep: float) -> None:
    """AdamW in place on some rows; ``step_size`` and ``root`` have one value a row."""
    exp_avg.lerp_(gradient, 1 - beta1)
    exp_avg_sq.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
    scale = exp_avg_sq.sqrt().mul_(root).add_(eps)
    weight.mul_(keep).addcdiv_(exp_avg * step_size, scale, value=-1)


def _counts_rows(state: Dict[str, Tensor]) -> bool:
    return 'step' in state and state['step'].ndim == 1

"""SparseAdamW: each row against a plain loop over numbers, everything else against torch.optim.AdamW."""
import math

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from mmrice.engine import SparseAdamW
from mmrice.engine.optimizers import sparse_adamw
from mmrice.parallel import RowShard, mark_shard
from mmrice.utils import UserError

ROWS, DIMS, BETAS, EPS = 11, 3, (0.8, 0.95), 1e-3


def by_hand(weight, steps, betas=BETAS, eps=EPS):
    """AdamW row by row in Python's floats; ``steps`` are (lr, weight decay, {row: gradient})."""
    rows = [dict(w=row, m=[0.] * len(row), v=[0.] * len(row), t=0) for row in weight.double().tolist()]
    for lr, decay, gradients in steps:
        for number, gradient in gradients.items():
            row = rows[number]
            row['t'] += 1
            for i, g in enumerate(gradient):
                row['m'][i] = betas[0] * row['m'][i] + (1 - betas[0]) * g
                row['v'][i] = betas[1] * row['v'][i] + (1 - betas[1]) * g * g
                mean, square = row['m'][i] / (1 - betas[0]**row['t']), row['v'][i] / (1 - betas[1]**row['t'])
                row['w'][i] -= lr * decay * row['w'][i] + lr * mean / (math.sqrt(square) + eps)
    return [torch.tensor([row[key] for row in rows], dtype=torch.float64) for key in 'wmvt']


def random_rows(generator, dtype=torch.float64):
    count = int(torch.randint(1, ROWS, (), generator=generator))
    rows = torch.randperm(ROWS, generator=generator)[:count].sort().values
    return rows, torch.randn(len(rows), DIMS, dtype=dtype, generator=generator)


def sparse_rows(rows, values, shape):
    return torch.sparse_coo_tensor(rows[None], values, tuple(shape), is_coalesced=True, check_invariants=True)


def table(dtype=torch.float64, rows=ROWS):
    torch.manual_seed(0)
    return nn.Parameter(torch.randn(rows, DIMS, dtype=dtype))


def wmvt(parameter, optimizer):
    """What :func:`by_hand` returns, of an optimizer."""
    state = optimizer.state[parameter]
    return [value.detach().double() for value in (parameter, state['exp_avg'], state['exp_avg_sq'], state['step'])]


@pytest.fixture
def tiny_chunks(monkeypatch):
    monkeypatch.setitem(sparse_adamw._CHUNK_BYTES, 'cpu', 4 * DIMS * 8)  # four rows of float64


@pytest.mark.parametrize('dtype, tolerance', [(torch.float64, dict(rtol=1e-12, atol=1e-13)),
                                              (torch.float32, dict(rtol=1e-4, atol=1e-6))])
def test_irregular_rows_under_a_schedule_move_as_calculated_by_hand(tiny_chunks, dtype, tolerance):
    parameter, generator, steps = table(dtype), torch.Generator().manual_seed(1), []
    start = parameter.detach().clone()
    optimizer = SparseAdamW([parameter], lr=1., betas=BETAS, eps=EPS)
    for number in range(50):
        lr, decay = 0.1 * (number % 7) / 6, 0.2 / (1 + number % 3)  # a learning rate of 0 too
        rows, values = random_rows(generator, dtype)
        optimizer.param_groups[0].update(lr=lr, weight_decay=decay)
        parameter.grad = sparse_rows(rows, values, parameter.shape)
        optimizer.step()
        steps.append((lr, decay, dict(zip(rows.tolist(), values.tolist()))))
    assert len(set(optimizer.state[parameter]['step'].tolist())) > 3
    torch.testing.assert_close(wmvt(parameter, optimizer), by_hand(start, steps), **tolerance)


def test_rows_without_a_gradient_keep_value_and_state_bit_for_bit():
    parameter = table(torch.float32)
    optimizer = SparseAdamW([parameter], lr=0.1, weight_decay=0.5)
    parameter.grad = sparse_rows(torch.arange(ROWS), torch.randn(ROWS, DIMS), parameter.shape)
    optimizer.step()
    before = [value.clone() for value in (parameter.detach(), *optimizer.state[parameter].values())]
    parameter.grad = sparse_rows(torch.tensor([2, 7]), torch.randn(2, DIMS), parameter.shape)
    optimizer.step()
    changed = torch.isin(torch.arange(ROWS), torch.tensor([2, 7]))
    for old, new in zip(before, (parameter.detach(), *optimizer.state[parameter].values())):
        assert torch.equal(old[~changed], new[~changed]) and (old[changed] != new[changed]).all()


@pytest.mark.parametrize('options', [{}, dict(foreach=True), dict(foreach=False), dict(fused=True),
                                     dict(amsgrad=True, maximize=True)])
def test_dense_parameters_move_bit_for_bit_as_in_adamw_also_beside_a_table(options):
    def run(kind, with_table):
        torch.manual_seed(3)
        model = nn.Sequential(nn.Linear(5, 7), nn.LayerNorm(7), nn.Linear(7, 2))
        groups = [dict(params=list(model[:2].parameters()), weight_decay=0.3), dict(params=model[2].parameters())]
        extra = nn.Embedding(4, 2, sparse=True)
        if with_table:
            groups[0]['params'].insert(1, extra.weight)
        optimizer = kind(groups, lr=0.01, **options)
        for _ in range(5):
            loss = model(torch.randn(3, 5)).square().sum() + (extra(torch.tensor([1])).sum() if with_table else 0)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return [parameter.detach() for parameter in model.parameters()]

    with_table = 'amsgrad' not in options
    for found, expected in zip(run(SparseAdamW, with_table), run(torch.optim.AdamW, False)):
        assert torch.equal(found, expected)


def test_rows_named_several_times_count_once_with_the_sum_of_their_gradients():
    found, expected = nn.Embedding(ROWS, DIMS, sparse=True), nn.Embedding(ROWS, DIMS, sparse=True)
    expected.load_state_dict(found.state_dict())
    words = torch.tensor([4, 1, 4, 4]), torch.tensor([9, 1])
    factors = torch.randn(6, DIMS)
    for some, factor in zip(words, factors.split([4, 2])):  # two backward passes, as of gradient accumulation
        (found(some) * factor).sum().backward()
    assert not found.weight.grad.is_coalesced() and found.weight.grad._nnz() == 6
    sums = torch.zeros(ROWS, DIMS).index_add(0, torch.cat(words), factors)
    rows = torch.tensor([1, 4, 9])
    expected.weight.grad = sparse_rows(rows, sums[rows], (ROWS, DIMS))
    for one in (found, expected):
        optimizer = SparseAdamW(one.parameters(), lr=0.1)
        optimizer.step()
        assert optimizer.state[one.weight]['step'].sum() == 3
    torch.testing.assert_close(found.weight, expected.weight, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize('kinds', ['sdds', 'dsd'])
def test_a_dense_gradient_is_one_of_all_rows_before_and_after_sparse_ones(tiny_chunks, kinds):
    parameter, generator, steps = table(), torch.Generator().manual_seed(2), []
    start = parameter.detach().clone()
    optimizer = SparseAdamW([parameter], lr=0.1, betas=BETAS, eps=EPS, weight_decay=0.1)
    for kind in kinds:
        rows, values = random_rows(generator)
        if kind == 'd':
            rows, values = torch.arange(ROWS), torch.randn(ROWS, DIMS, dtype=torch.float64, generator=generator)
        parameter.grad = values if kind == 'd' else sparse_rows(rows, values, parameter.shape)
        optimizer.step()
        steps.append((0.1, 0.1, dict(zip(rows.tolist(), values.tolist()))))
    torch.testing.assert_close(wmvt(parameter, optimizer), by_hand(start, steps), rtol=1e-12, atol=1e-13)


def test_a_part_of_a_split_table_counts_its_rows_with_dense_gradients_too_and_moves_as_in_adamw():
    part, whole = mark_shard(table(torch.float32), RowShard(0, ROWS, 2 * ROWS)), table(torch.float32)
    optimizers = SparseAdamW([part], lr=0.1), torch.optim.AdamW([whole], lr=0.1)
    for _ in range(5):
        part.grad = whole.grad = torch.randn(ROWS, DIMS)
        for optimizer in optimizers:
            optimizer.step()
    assert optimizers[0].state[part]['step'].tolist() == [5] * ROWS
    torch.testing.assert_close(part, whole, rtol=1e-5, atol=1e-6)


def test_an_empty_gradient_or_a_table_without_rows_changes_nothing():
    for parameter in (table(), mark_shard(table(rows=0), RowShard(0, 0, 1))):
        start = parameter.detach().clone()
        optimizer = SparseAdamW([parameter], lr=0.1)
        for gradient in (sparse_rows(torch.tensor([], dtype=torch.int64), start[:0], start.shape),
                         torch.zeros_like(start) if not len(start) else None):
            parameter.grad = gradient
            optimizer.step()
        assert torch.equal(parameter, start)
        assert optimizer.state[parameter]['step'].tolist() == [0] * len(start)


@pytest.mark.parametrize('options', [{}, dict(fused=True)])
def test_a_run_continues_bit_for_bit_from_its_saved_state(tmp_path, options):
    def step(optimizer, seed):
        generator = torch.Generator().manual_seed(seed)
        parameters = optimizer.param_groups[0]['params']
        parameters[0].grad = sparse_rows(*random_rows(generator, torch.float32), (ROWS, DIMS))
        parameters[1].grad = torch.randn(2, generator=generator)
        optimizer.step()

    first = SparseAdamW([table(torch.float32), nn.Parameter(torch.zeros(2))], **options)
    for seed in range(3):
        step(first, seed)
    weights = [parameter.detach().clone() for parameter in first.param_groups[0]['params']]
    torch.save(first.state_dict(), tmp_path / 'state.pth')
    second = SparseAdamW([nn.Parameter(weight) for weight in weights], **options)
    second.load_state_dict(torch.load(tmp_path / 'state.pth', weights_only=True))
    for optimizer in (first, second):
        step(optimizer, 3)
    assert second.state_dict()['state'][0]['step'].dtype == torch.int32
    for one, other in zip(first.param_groups[0]['params'], second.param_groups[0]['params']):
        assert torch.equal(one, other)
        for key, value in first.state[one].items():
            assert torch.equal(second.state[other][key], value) and second.state[other][key].dtype == value.dtype


class Largest(TorchDispatchMode):
    """Size of the largest tensor that an operation makes, views left out."""
    bytes = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        is_new = isinstance(result, torch.Tensor) and not (func.is_view or func._schema.is_mutable)
        if is_new and result.layout is torch.strided:
            self.bytes = max(self.bytes, result.nbytes)
        return result


def test_a_step_makes_no_copy_of_the_gradient_or_the_table():
    parameter = nn.Parameter(torch.zeros(20_000, 256))
    optimizer = SparseAdamW([parameter])
    for step, rows in enumerate((torch.arange(2), torch.arange(0, 20_000, 2), torch.arange(20_000))):
        parameter.grad = sparse_rows(rows, torch.randn(len(rows), 256), parameter.shape)
        with Largest() as largest:
            optimizer.step()
        if step:  # the first makes the state
            assert 2**19 < largest.bytes <= 2**20 < parameter.grad._values().nbytes / 8


@pytest.mark.parametrize('option', ['amsgrad', 'maximize', 'capturable', 'differentiable'])
def test_an_option_that_rows_do_not_support_is_named(option):
    parameter = table()
    optimizer = SparseAdamW([parameter], **{option: True})
    parameter.grad = sparse_rows(torch.tensor([1]), torch.ones(1, DIMS, dtype=torch.float64), parameter.shape)
    with pytest.raises(UserError, match=rf'{option}=True .*shape \(11, 3\).*Drop {option}'):
        optimizer.step()


def test_a_sparse_gradient_of_single_numbers_is_refused():
    parameter = table()
    parameter.grad = torch.eye(ROWS, DIMS, dtype=torch.float64).to_sparse()
    with pytest.raises(UserError, match='not of whole rows: it has 2 sparse dimensions'):
        SparseAdamW([parameter]).step()


@pytest.mark.parametrize('constructor, options', [
    ('DefaultOptimWrapperConstructor', {}), ('mmrice.LayerDecayOptimWrapperConstructor', dict(layer_decay_rate=0.5))])
def test_configs_build_it_with_the_rates_of_each_parameter(constructor, options):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone, self.head = nn.Linear(3, 3), nn.Embedding(ROWS, DIMS, sparse=True)
            self.backbone.get_layer_depth = lambda name, prefix='': (0, 2)

    model = Model()
    start = model.head.weight.detach().clone()
    wrapper = build_optim_wrapper(model, dict(
        constructor=constructor, optimizer=dict(type='mmrice.SparseAdamW', lr=0.2, weight_decay=0.1, eps=1e-3),
        paramwise_cfg=dict(options, custom_keys={'head': dict(lr_mult=0.5, decay_mult=3.)})))
    model.head(torch.tensor([6])).sum().backward()
    wrapper.step()
    assert type(wrapper.optimizer) is SparseAdamW
    expected = by_hand(start, [(0.1, 0.3, {6: [1.] * DIMS})], (0.9, 0.999), 1e-3)
    torch.testing.assert_close(wmvt(model.head.weight, wrapper.optimizer), expected, rtol=1e-5, atol=1e-6)

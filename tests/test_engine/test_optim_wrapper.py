"""OptimWrapper and AmpOptimWrapper with sparse gradients, in one process."""
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper as MMEngineWrapper
from torch import nn

from mmrice.apis.training import set_amp
from mmrice.engine import AmpOptimWrapper, OptimWrapper, SparseAdamW, clip_grad_norm
from mmrice.testing.runs import train
from mmrice.utils import UserError

WRAPPERS = [OptimWrapper, AmpOptimWrapper]


class Model(nn.Module):
    """A table and a layer."""

    def __init__(self, sparse=True):
        super().__init__()
        torch.manual_seed(0)
        self.table, self.layer = nn.Embedding(9, 4, sparse=sparse), nn.Linear(4, 2)

    def forward(self, rows):
        return 3 * self.layer(self.table(torch.tensor(rows)).square()).float().square().sum()


def dense_gradients(model):
    return [p.grad.to_dense() if p.grad.is_sparse else p.grad for p in model.parameters()]


def grown(rows=((1, 1, 5), (5, 7)), sparse=True):
    """A model with accumulated gradients."""
    model = Model(sparse)
    for some in rows:
        model(list(some)).backward()
    return model


@pytest.mark.parametrize('clip', [dict(max_norm=0.5), dict(max_norm=0.5, norm_type=1), dict(max_norm=1e9),
                                  dict(max_norm=0.1, norm_type='inf'), dict(type='value', clip_value=0.01)])
@pytest.mark.parametrize('wrapper', WRAPPERS)
def test_sparse_gradients_are_clipped_and_logged_as_the_same_dense_ones_are_by_mmengine(wrapper, clip):
    sparse, dense = grown(), grown(sparse=False)
    assert not sparse.table.weight.grad.is_coalesced()
    ours = wrapper(optimizer=SparseAdamW(sparse.parameters()), clip_grad=dict(clip))
    theirs = MMEngineWrapper(optimizer=SparseAdamW(dense.parameters()), clip_grad=dict(clip))
    logs = []
    for one in (ours, theirs):
        one.message_hub.update_scalar('train/grad_norm', -1.)
        one._clip_grad()
        logs.append(one.message_hub.get_scalar('train/grad_norm').current())
    assert logs[0] == pytest.approx(logs[1], rel=1e-5)
    assert ours.grad_name == theirs.grad_name
    for found, expected in zip(dense_gradients(sparse), dense_gradients(dense)):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-8)


def test_dense_gradients_are_clipped_bit_for_bit_as_by_torch():
    ours, theirs = grown(sparse=False), grown(sparse=False)
    assert clip_grad_norm(ours.parameters(), 0.5) == nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
    assert all(map(torch.equal, dense_gradients(ours), dense_gradients(theirs)))


def test_a_norm_that_is_not_finite_is_an_error_where_asked_for_and_spreads_otherwise():
    model = grown()
    model.table.weight.grad._values()[0, 0] = torch.nan
    with pytest.raises(RuntimeError, match='norm of order 2.0 .*is nan'):
        clip_grad_norm(model.parameters(), 1., error_if_nonfinite=True)
    clip_grad_norm(model.parameters(), 1.)
    assert all(gradient.isnan().any() for gradient in dense_gradients(model))


def test_the_norm_of_a_large_gradient_keeps_its_digits():
    table = nn.Parameter(torch.zeros(2**18, 64))
    values = torch.full((2**18, 64), 0.1)
    table.grad = torch.sparse_coo_tensor(
        torch.arange(2**18)[None], values, table.shape, is_coalesced=True, check_invariants=False)
    assert float(clip_grad_norm([table], 1e9)) == pytest.approx(float(torch.tensor(0.1)) * 2**12, rel=1e-6)


def test_without_any_gradient_nothing_is_clipped_or_logged():
    wrapper = OptimWrapper(optimizer=SparseAdamW(Model().parameters()), clip_grad=dict(max_norm=1.))
    wrapper.message_hub.update_scalar('train/grad_norm', -1.)
    wrapper.step()
    assert wrapper.message_hub.get_scalar('train/grad_norm').current() == -1.


@pytest.mark.parametrize('clip', [None, dict(max_norm=0.5)])
@pytest.mark.parametrize('set_to_none', [True, False])
def test_two_accumulated_iterations_are_one_step_on_their_mean_gradient(clip, set_to_none):
    def run(count):
        model, rows = Model(), [[1, 1, 5], [5, 7], [2, 5], [8]]
        wrapper = OptimWrapper(optimizer=SparseAdamW(model.parameters(), lr=0.1), accumulative_counts=count,
                               clip_grad=clip and dict(clip))
        wrapper.initialize_count_status(model, 0, len(rows) // 2 * count)
        for first, second in zip(rows[::2], rows[1::2]):
            for some in ((first, second) if count == 2 else (first + second, )):
                loss = model(some) if count == 2 else model(some) / 2
                wrapper.update_params(loss, zero_kwargs=dict(set_to_none=set_to_none))
        return model, wrapper

    (found, accumulated), (expected, single) = run(2), run(1)
    for one, other in zip(found.parameters(), expected.parameters()):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)
    counts = [wrapper.optimizer.state[model.table.weight]['step'].tolist()
              for model, wrapper in ((found, accumulated), (expected, single))]
    assert counts[0] == counts[1] == [0, 1, 1, 0, 0, 2, 0, 1, 1]


def with_scaler(model, **kwargs):
    """The wrapper as on a GPU with float16: losses are scaled."""
    wrapper = AmpOptimWrapper(optimizer=SparseAdamW(model.parameters(), lr=0.1), **kwargs)
    wrapper.loss_scaler = torch.amp.GradScaler('cpu', init_scale=1024.)
    return wrapper


@pytest.mark.parametrize('clip', [None, dict(max_norm=0.5)])
def test_scaled_sparse_gradients_make_the_step_of_unscaled_ones(clip):
    scaled, plain = Model(), Model()
    wrappers = (with_scaler(scaled, accumulative_counts=2, clip_grad=clip and dict(clip)),
                OptimWrapper(optimizer=SparseAdamW(plain.parameters(), lr=0.1), accumulative_counts=2,
                             clip_grad=clip and dict(clip)))
    for wrapper, model in zip(wrappers, (scaled, plain)):
        for rows in ([1, 1, 5], [5, 7]):
            wrapper.update_params(model(rows))
    for one, other in zip(scaled.parameters(), plain.parameters()):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('fused', [False, True])
@pytest.mark.parametrize('clip', [None, dict(max_norm=0.5)])
def test_an_overflow_in_a_sparse_gradient_skips_the_step_and_halves_the_scale(clip, fused):
    model = Model()
    wrapper = with_scaler(model, clip_grad=clip and dict(clip))
    wrapper.optimizer = SparseAdamW(model.parameters(), lr=0.1, fused=fused)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    wrapper.backward(model([1, 5]))
    model.table.weight.grad._values()[1, 2] = torch.inf
    wrapper.step()
    assert wrapper.loss_scaler.get_scale() == 512.
    assert all(map(torch.equal, before, model.parameters()))


@pytest.mark.parametrize('wrapper', WRAPPERS)
def test_an_optimizer_that_takes_no_sparse_gradients_is_named_before_training_and_at_its_first_step(wrapper):
    model = grown()
    one = wrapper(optimizer=torch.optim.AdamW(model.parameters()))
    with pytest.raises(UserError, match=r"^AdamW .*table \(Embedding\) has one.*type='mmrice.SparseAdamW'"):
        one.initialize_count_status(model, 0, 10)
    with pytest.raises(UserError, match=r'^AdamW .*shape \(9, 4\) has one.*sample_ratio=1\)\.$'):
        one.step()
    for kind in (SparseAdamW, torch.optim.Adagrad):
        other = wrapper(optimizer=kind(model.parameters(), lr=1.))
        other.initialize_count_status(model, 0, 10)
        other.step()
    dense = grown(sparse=False)
    wrapper(optimizer=torch.optim.AdamW(dense.parameters())).initialize_count_status(dense, 0, 10)


def test_other_errors_of_a_step_pass_unchanged(monkeypatch):
    model = grown()
    wrapper = OptimWrapper(optimizer=SparseAdamW(model.parameters()))
    model.table.weight.grad = None
    monkeypatch.setattr(wrapper.optimizer, 'step', lambda: torch.zeros(2).view(3))
    with pytest.raises(RuntimeError, match='shape'):
        wrapper.step()


@pytest.mark.parametrize('wrapper', WRAPPERS)
def test_the_state_of_a_wrapper_continues_in_another(wrapper):
    model = grown()
    groups = [dict(params=[parameter]) for parameter in model.parameters()]
    first, second = (wrapper(optimizer=SparseAdamW([dict(group) for group in groups], lr=lr)) for lr in (0.1, 0.7))
    first.step()
    second.load_state_dict(first.state_dict())
    assert second.get_lr() == first.get_lr()
    assert second.optimizer.state[model.table.weight]['step'].tolist() == [0, 1, 0, 0, 0, 1, 0, 1, 0]


@pytest.mark.parametrize('given, amp, expected', [
    ({}, False, 'mmrice.OptimWrapper'), (dict(type='OptimWrapper'), False, 'mmrice.OptimWrapper'),
    (dict(type='mmengine.OptimWrapper'), True, 'mmrice.AmpOptimWrapper'),
    (dict(type='mmrice.OptimWrapper'), True, 'mmrice.AmpOptimWrapper'),
    (dict(type='AmpOptimWrapper'), False, 'mmrice.AmpOptimWrapper'), (dict(type='Other'), False, 'Other')])
def test_training_uses_our_wrappers_for_mmengines(given, amp, expected):
    cfg = Config(dict(optim_wrapper=dict(given, optimizer=dict(type='SGD', lr=1.))))
    set_amp(cfg, amp)
    assert cfg.optim_wrapper.type == expected


def test_a_dict_of_wrappers_is_left_alone():
    cfg = Config(dict(optim_wrapper=dict(constructor='Own', one=dict(type='OptimWrapper'))))
    set_amp(cfg, False)
    assert 'type' not in cfg.optim_wrapper


def test_a_host_trains_with_it_and_logs_the_norm(tiny, tmp_path):
    runner = train(tiny('mmpretrain', False), tmp_path, train_cfg__max_iters=2, optim_wrapper__clip_grad__max_norm=1.)
    assert type(runner.optim_wrapper) is OptimWrapper
    assert runner.message_hub.get_scalar('train/grad_norm').current() > 0

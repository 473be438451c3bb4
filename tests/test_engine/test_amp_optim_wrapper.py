"""Mixed precision on a CPU."""
import pytest
import torch
from mmengine.structures import BaseDataElement
from torch import nn

from mmrice.engine import AmpOptimWrapper, amp_optim_wrapper
from mmrice.engine.hooks.float_results_hook import to_float
from mmrice.testing.runs import train, weights_of

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason='on CUDA it is mmengine\'s own')


def _wrapper(model, **kwargs):
    return AmpOptimWrapper(optimizer=torch.optim.SGD(model.parameters(), lr=0.1), **kwargs)


def test_computes_in_bfloat16_and_keeps_float32_weights_and_gradients():
    model = nn.Linear(4, 4)
    wrapper = _wrapper(model)
    with wrapper.optim_context(model):
        output = model(torch.rand(2, 4))
    wrapper.backward(output.float().sum())
    assert output.dtype == torch.bfloat16
    assert model.weight.dtype == model.weight.grad.dtype == torch.float32


def test_clips_and_accumulates():
    model = nn.Linear(4, 1, bias=False)
    before = model.weight.detach().clone()
    wrapper = _wrapper(model, clip_grad=dict(max_norm=1.), accumulative_counts=2)
    for step in range(2):
        with wrapper.optim_context(model):
            loss = model(torch.full((1, 4), 100.)).sum()
        wrapper.update_params(loss)
        assert torch.equal(model.weight, before) == (step == 0)
    assert (model.weight - before).norm().item() == pytest.approx(0.1, rel=1e-4)


def test_says_when_the_cpu_has_no_bfloat16(monkeypatch, caplog):
    monkeypatch.setattr(amp_optim_wrapper, 'has_cpu_bf16', lambda: False)
    said = []
    monkeypatch.setattr(amp_optim_wrapper, 'print_log', lambda text, *args: said.append(text))
    _wrapper(nn.Linear(1, 1))
    assert len(said) == 1 and 'float32 will be faster' in said[0]


def test_stays_in_float32_on_a_slow_cpu_when_asked_to(monkeypatch):
    model = nn.Linear(4, 4)
    for fast, dtype in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(amp_optim_wrapper, 'has_cpu_bf16', lambda fast=fast: fast)
        with _wrapper(model, only_if_fast=True).optim_context(model):
            assert model(torch.rand(2, 4)).dtype == dtype


def test_the_state_of_a_cpu_run_leaves_a_loss_scale_alone():
    model = nn.Linear(1, 1)
    wrapper, saved = _wrapper(model), _wrapper(model).state_dict()
    loaded = []
    wrapper.loss_scaler.load_state_dict = loaded.append
    wrapper.load_state_dict(saved)
    assert loaded == []
    wrapper.load_state_dict({**saved, 'loss_scaler': {'scale': 2.}})
    assert loaded == [{'scale': 2.}]


@pytest.mark.parametrize('scope', ['mmpretrain', 'mmseg', 'mmdet'])
def test_hosts_train_and_evaluate_in_bfloat16(tiny, tmp_path, scope):
    runner = train(tiny(scope, False), tmp_path, amp=True, val_cfg__fp16=True, train_cfg__max_iters=6)
    assert isinstance(runner.optim_wrapper, AmpOptimWrapper)
    losses = runner.message_hub.get_scalar('train/loss').data[0]
    assert len(losses) == 6 and all(loss == loss for loss in losses)
    assert {value.dtype for value in weights_of(tmp_path).values()} <= {torch.float32, torch.int64}


def test_results_become_float32_and_labels_stay():
    sample = BaseDataElement(scores=torch.ones(2, dtype=torch.bfloat16), labels=torch.ones(2, dtype=torch.long))
    result, = to_float([sample])
    assert (result.scores.dtype, result.labels.dtype) == (torch.float32, torch.int64)

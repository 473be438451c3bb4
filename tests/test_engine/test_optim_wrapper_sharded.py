"""Clipping and loss scales where ranks hold different rows of a table."""
import pytest
import torch
from mmengine.dist import all_gather
from torch import nn

from mmrice.engine import AmpOptimWrapper, OptimWrapper, SparseAdamW, clip_grad_norm
from mmrice.parallel import mark_shard, shard_rows
from mmrice.testing.distributed import run_ranks

DIMS, NORMS = 3, (2., 1., 3., float('inf'))


def gradients(num_rows):
    generator = torch.Generator().manual_seed(num_rows)
    return torch.randn(num_rows, DIMS, generator=generator), torch.randn(5, generator=generator)


def parameters(num_rows, sparse):
    """This rank's rows of a table, with gradients for every second one or for all, and a replica."""
    table_gradient, gradient = gradients(num_rows)
    shard = shard_rows(num_rows)
    table = mark_shard(nn.Parameter(torch.ones(shard.stop - shard.start, DIMS)), shard)
    replica = nn.Parameter(torch.ones(5))
    own, replica.grad = table_gradient[shard.start:shard.stop], gradient
    if sparse:
        rows = torch.arange(0, len(own), 2)
        own = torch.sparse_coo_tensor(rows[None], own[rows], own.shape, check_invariants=True)
    table.grad = own
    return table, replica


def clip(num_rows, sparse, norm_type, max_norm):
    table, replica = parameters(num_rows, sparse)
    norm = clip_grad_norm([table, replica], max_norm, norm_type)
    return float(norm), (table.grad.to_dense() if sparse else table.grad).clone(), replica.grad.clone()


def same_everywhere(*tensors):
    return all(torch.equal(tensor, other) for tensor in tensors for other in all_gather(tensor))


def steps_with_overflow(clip_grad):
    """Whether the rank made the first step, in which rank 0's rows alone overflow, and the second; its scales."""
    table, replica = parameters(7, True)
    wrapper = AmpOptimWrapper(optimizer=SparseAdamW([table, replica], lr=0.1), clip_grad=clip_grad)
    wrapper.loss_scaler = torch.amp.GradScaler('cpu', init_scale=64.)
    made, scales = [], []
    for overflow in (True, False):
        before = replica.detach().clone()
        table, replica = wrapper.optimizer.param_groups[0]['params']
        for parameter, fresh in zip((table, replica), parameters(7, True)):
            parameter.grad = fresh.grad
        wrapper.loss_scaler.scale(torch.zeros(()))
        if overflow and torch.distributed.get_rank() == 0:
            table.grad._values()[0, 0] = torch.inf
        wrapper.step()
        made.append(not torch.equal(before, replica))
        scales.append(wrapper.loss_scaler.get_scale())
    return made, scales, same_everywhere(replica.detach())


def on_a_rank(rank, world_size):
    results = {}
    for num_rows in (2, 7):
        for sparse in (False, True):
            for norm_type in NORMS:
                results[num_rows, sparse, norm_type] = clip(num_rows, sparse, norm_type, 0.25)
    table, _ = parameters(7, True)
    if rank == 0:
        table.grad = None
    wrapper = OptimWrapper(optimizer=SparseAdamW([table], lr=0.1), clip_grad=dict(max_norm=0.1))
    wrapper.step()
    logged = wrapper.message_hub.get_scalar('train/grad_norm').current()
    table, replica = parameters(7, True)
    if rank == 0:
        table.grad._values()[0, 0] = torch.nan
    raised = ''
    try:
        clip_grad_norm([table, replica], 1., error_if_nonfinite=True)
    except RuntimeError as error:
        raised = str(error)
    overflow = steps_with_overflow(None), steps_with_overflow(dict(max_norm=1.))
    return results, same_everywhere(torch.tensor(logged)), logged, raised, overflow


@pytest.fixture(scope='module', params=[2, 3])
def ranks(request):
    return run_ranks(on_a_rank, request.param)


def test_every_rank_clips_as_one_process_with_the_whole_table_does(ranks):
    for (num_rows, sparse, norm_type) in ranks[0][0]:
        norm, table, replica = clip(num_rows, sparse, norm_type, 0.25)
        found = [rank[0][num_rows, sparse, norm_type] for rank in ranks]
        if not sparse:  # shards name other rows than every second of the whole table
            torch.testing.assert_close(torch.cat([one[1] for one in found]), table, rtol=1e-6, atol=1e-8)
            assert found[0][0] == pytest.approx(norm, rel=1e-6)
            torch.testing.assert_close(found[0][2], replica, rtol=1e-6, atol=1e-8)
        whole = torch.cat([torch.cat([one[1] for one in found]).flatten(), found[0][2]])
        assert whole.norm(norm_type) == pytest.approx(0.25, rel=1e-5)
        assert len({one[0] for one in found}) == 1
        assert all(torch.equal(one[2], found[0][2]) for one in found)


def test_a_rank_without_any_gradient_takes_part(ranks):
    assert all(same for _, same, *_ in ranks)
    table, total = gradients(7)[0], torch.zeros(())
    for rank in range(1, len(ranks)):
        shard = shard_rows(7, rank, len(ranks))
        total = total + table[shard.start:shard.stop:2].square().sum()
    assert ranks[0][2] == pytest.approx(float(total.sqrt()), rel=1e-6)


def test_a_nan_on_one_rank_is_an_error_on_all(ranks):
    assert all('is nan' in raised for *_, raised, _ in ranks)


def test_an_overflow_on_one_rank_makes_all_skip_the_step_and_only_that(ranks):
    for *_, overflow in ranks:
        for made, scales, same in overflow:
            assert (made, scales, same) == ([False, True], [32., 32.], True)

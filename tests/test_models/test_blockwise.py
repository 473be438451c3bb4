"""Comparing in blocks equals comparing all at once, in values, gradients and which rows have one."""
import pytest
import torch
import torch.nn.functional as F

from mmrice.models.losses import Options, compare_in_blocks


def dense(embeddings, weight, labels, drawn, scale, threshold=None):
    """The definition, with a tensor of regions x classes."""
    cosine = embeddings @ F.normalize(weight, dim=1).t()
    pos = torch.where(labels >= 0, cosine.gather(1, labels.clamp(min=0)), 0.)
    is_neg = torch.zeros_like(cosine, dtype=torch.bool)
    is_neg[:, drawn] = True
    for row, own in zip(is_neg, labels):
        row[own[own >= 0]] = False
    if threshold is not None:
        cosine = torch.where(cosine > threshold, 0., cosine)
    cosine = cosine.masked_fill(~is_neg, -torch.inf)
    return pos, (scale * cosine).logsumexp(1), cosine.amax(1).detach()


def case(dtype=torch.float64, regions=13, dims=8, classes=101, drawn=40):
    torch.manual_seed(0)
    embeddings = F.normalize(torch.randn(regions, dims, dtype=dtype), dim=1)
    labels = torch.randint(0, classes, (regions, 3))
    labels[::2, 1], labels[3] = -1, -1
    return embeddings, torch.randn(classes, dims, dtype=dtype), labels, torch.randperm(classes)[:drawn].sort().values


def run(function, embeddings, weight, *args):
    embeddings, weight = embeddings.clone().requires_grad_(), weight.clone().requires_grad_()
    pos, logsumexp, highest = function(embeddings, weight, *args)
    torch.manual_seed(1)
    (pos * torch.randn_like(pos) * (args[0] >= 0)).sum().backward(retain_graph=True)
    (logsumexp * torch.rand_like(logsumexp)).sum().backward()
    return pos.detach(), logsumexp.detach(), highest, embeddings.grad, weight.grad.to_dense()


@pytest.mark.parametrize('block_size', [1, 7, 40, 1000, None])
@pytest.mark.parametrize('sparse', [True, False])
def test_values_and_gradients_equal_the_dense_ones(block_size, sparse):
    data = case()
    results = run(compare_in_blocks, *data, Options(64., block_size=block_size, sparse=sparse))
    for result, expected in zip(results, run(dense, *data, 64.)):
        torch.testing.assert_close(result, expected, rtol=1e-9, atol=1e-9)


def test_the_filter_counts_near_negatives_as_cosine_zero():
    data = case(dims=3)
    results = run(compare_in_blocks, *data, Options(8., filter_threshold=0.5, block_size=9))
    expected = run(dense, *data, 8., 0.5)
    for result, value in zip(results, expected):
        torch.testing.assert_close(result, value, rtol=1e-9, atol=1e-9)
    assert not torch.allclose(expected[1], run(dense, *data, 8.)[1])


def test_half_precision_products_stay_near_the_dense_loss():
    data = case(torch.float32, regions=64, dims=128, classes=4000, drawn=2000)
    results = run(compare_in_blocks, *data, Options(64., half=torch.bfloat16, sparse=True))
    expected = run(dense, *data, 64.)
    assert abs(results[1].mean() / expected[1].mean() - 1).item() < 1e-3
    assert ((results[1] - expected[1]).norm() / expected[1].norm()).item() < 2e-3
    for result, value in zip(results[3:], expected[3:]):
        assert ((result - value).norm() / value.norm()).item() < 3e-2


def test_a_sparse_gradient_holds_the_rows_that_took_part_alone():
    embeddings, weight, labels, drawn = case()
    weight.requires_grad_()
    pos, logsumexp, _ = compare_in_blocks(embeddings, weight, labels, drawn, Options(64., sparse=True))
    (pos.sum() + logsumexp.sum()).backward()
    rows = weight.grad._indices()[0].tolist()  # sorted and once each, though torch forgets that it is coalesced
    assert rows == sorted(set(drawn.tolist()) | set(labels[labels >= 0].tolist()))


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_cosines_of_one_and_minus_one_at_scale_64_are_finite(dtype):
    weight = torch.eye(4).repeat(50, 1).requires_grad_()
    embeddings = torch.cat([torch.eye(4), -torch.eye(4)]).requires_grad_()
    labels = torch.arange(8)[:, None]
    half = None if dtype == torch.float32 else dtype
    pos, logsumexp, highest = compare_in_blocks(embeddings, weight, labels, torch.arange(200), Options(64., half=half))
    (F.softplus(-64 * pos).sum() + F.softplus(logsumexp).sum()).backward()
    assert highest.max() == 1 and torch.isfinite(logsumexp).all()
    assert torch.isfinite(embeddings.grad).all() and torch.isfinite(weight.grad).all()


def test_no_negatives_and_no_regions_are_fine():
    embeddings, weight, labels, _ = case(torch.float32)
    embeddings.requires_grad_()
    nothing = torch.empty(0, dtype=torch.int64)
    pos, logsumexp, highest = compare_in_blocks(embeddings, weight, labels, nothing, Options(64.))
    assert (logsumexp == -torch.inf).all() and (highest == -torch.inf).all()
    F.softplus(logsumexp).sum().backward()
    assert not embeddings.grad.any()
    weight.requires_grad_()
    options = Options(64., sparse=True)
    pos, logsumexp, _ = compare_in_blocks(embeddings[:0], weight, labels[:0], torch.arange(9), options)
    (pos.sum() + logsumexp.sum()).backward()
    assert weight.grad._nnz() == 0


def test_no_tensor_of_regions_times_classes_is_made():
    sizes = []

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            result = function(*args, **(kwargs or {}))
            outputs = result if isinstance(result, (tuple, list)) else [result]
            sizes.extend(output.numel() for output in outputs if isinstance(output, torch.Tensor) and (
                output.layout == torch.strided))
            return result

    embeddings, weight, labels, drawn = case(torch.float32, regions=64, dims=4, classes=5000, drawn=5000)
    weight.requires_grad_()
    with Watch():
        pos, logsumexp, _ = compare_in_blocks(embeddings, weight, labels, drawn, Options(64., block_size=100))
        (pos.sum() + logsumexp.sum()).backward()
    assert max(sizes) == weight.numel() < 64 * 5000

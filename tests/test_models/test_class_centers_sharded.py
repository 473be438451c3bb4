"""Centres split over processes equal centres in one process: losses, gradients, and the weights after training."""
import pytest
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mmrice.models import ClusterDiscriminationHead
from mmrice.parallel import leave_out_of_ddp
from mmrice.testing.distributed import RankError, run_ranks

# Regions of each kind (object, OCR) on each rank: uneven, one rank without a kind, one without any.
REGIONS = {2: [(5, 2), (3, 0)], 3: [(4, 0), (0, 0), (4, 2)], 4: [(1, 1), (2, 0), (5, 0), (0, 1)]}
NUM_CLASSES, STEPS = dict(object=53, ocr=17), 20


class Model(nn.Module):
    """A backbone of one layer and the head."""

    def __init__(self, sample_ratio, **kwargs):
        super().__init__()
        torch.manual_seed(0)
        self.backbone = nn.Linear(6, 8)
        tables = {kind: dict(num_classes=number) for kind, number in NUM_CLASSES.items()}
        self.head = ClusterDiscriminationHead(8, **tables, scale=16., sample_ratio=sample_ratio, **kwargs)
        leave_out_of_ddp(self)

    def forward(self, x, kinds, labels):
        return self.head.loss(self.backbone(x), kinds, labels)


def batches():
    """Eight object and two OCR regions a step, in this order."""
    generator = torch.Generator().manual_seed(1)
    kinds = torch.tensor([0] * 8 + [1] * 2)
    for _ in range(STEPS):
        labels = torch.randint(0, 53, (10, 3), generator=generator)
        labels[:8, 1:] = -1
        labels[8:] %= 17
        labels[9, 2] = -1
        yield torch.randn(10, 6, generator=generator).double(), kinds, labels


def shares(regions, rank):
    """Which of the ten regions a rank has."""
    starts = [sum(counts[kind] for counts in regions[:rank]) for kind in (0, 1)]
    objects, ocr = (range(start, start + count) for start, count in zip(starts, regions[rank]))
    return [*objects, *(8 + index for index in ocr)]


def train(rank, world_size, regions, sample_ratio, kwargs):
    """Losses of each step, gradients of the first, and the weights at the end."""
    model = Model(sample_ratio, **kwargs).double().train()
    wrapped = DistributedDataParallel(model) if world_size > 1 else model
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    chosen, history, first = shares(regions, rank), [], None
    for x, kinds, labels in batches():
        outputs = wrapped(x[chosen], kinds[chosen], labels[chosen])
        losses = torch.stack([outputs['loss_object'], outputs['loss_ocr']])
        optimizer.zero_grad()
        losses.sum().backward()
        if first is None:
            first = {name: parameter.grad.to_dense().clone() for name, parameter in model.named_parameters()}
        optimizer.step()
        history.append(losses.detach())
    return torch.stack(history), first, {name: value.detach() for name, value in model.named_parameters()}


@pytest.mark.parametrize('world_size, sample_ratio, kwargs', [
    (2, 1., {}),
    (3, 0.3, {}),
    (4, 0.3, dict(loss='softmax')),
])
def test_training_in_several_processes_equals_training_in_one(world_size, sample_ratio, kwargs):
    expected_losses, expected_grads, expected = train(0, 1, [(8, 2)], sample_ratio, kwargs)
    ranks = run_ranks(train, world_size, REGIONS[world_size], sample_ratio, kwargs)
    losses = torch.stack([losses for losses, _, _ in ranks]).mean(0)
    torch.testing.assert_close(losses, expected_losses, rtol=1e-9, atol=1e-10)
    for own, theirs in ((1, expected_grads), (2, expected)):
        for name, value in theirs.items():
            parts = [rank[own][name] for rank in ranks]
            if name.startswith('backbone'):
                assert all(torch.equal(part, parts[0]) for part in parts)
                parts = parts[:1]
            torch.testing.assert_close(torch.cat(parts), value, rtol=1e-9, atol=1e-10, msg=lambda text, name=name: (
                f'{name}: {text}'))


def bad_label_on_rank_one(rank, world_size):
    model = Model(1.)
    labels = torch.tensor([[53 if rank == 1 else 3]])
    model(torch.randn(1, 6), torch.zeros(1, dtype=torch.long), labels)


def test_a_wrong_label_on_one_rank_stops_all_of_them():
    with pytest.raises(RankError) as info:
        run_ranks(bad_label_on_rank_one, 2, timeout=60)
    text = str(info.value)
    assert text.count("kind 'object': 53 class centres: region 0 of rank 1 has label 53") == 2


def one_step_without_regions(rank, world_size):
    model = Model(0.3)
    outputs = model(torch.randn(0, 6), torch.zeros(0, dtype=torch.long), torch.zeros(0, 1, dtype=torch.long))
    sum(value for key, value in outputs.items() if key.startswith('loss')).backward()
    return [outputs['loss_object'].item(), float(model.head.centers['object'].weight.grad.to_dense().abs().sum())]


def test_a_batch_without_any_region_has_zero_loss_and_gradient():
    assert run_ranks(one_step_without_regions, 2) == [[0., 0.], [0., 0.]]

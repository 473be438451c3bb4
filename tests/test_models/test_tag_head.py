"""Tags as classes in the space of texts: the written-out loss, on one rank and on several."""
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mmrice.models import TagHead
from mmrice.parallel import gather_rows, rows_of
from mmrice.testing.distributed import run_ranks
from mmrice.utils import UserError

TAGS, DIMS = 7, 6
LABELS = torch.tensor([[0, 3, -1], [3, -1, -1], [6, 5, 0], [1, -1, -1], [2, 4, -1]])
SHARES = {1: [5], 2: [0, 5], 3: [2, 2, 1]}  # rows of each rank


def numbers():
    generator = torch.Generator().manual_seed(0)
    return (torch.randn(count, DIMS, generator=generator, dtype=torch.float64) for count in (len(LABELS), TAGS))


class Model(nn.Module):
    """What stands for the encoders: a layer for what is seen and one for the names, of which a rank has its part."""

    def __init__(self, **options):
        super().__init__()
        torch.manual_seed(1)
        self.seen, self.text, self.head = nn.Linear(DIMS, DIMS), nn.Linear(DIMS, DIMS), TagHead(TAGS, **options)

    def forward(self, seen, labels, names, world_size):
        tags = self.head.candidates(labels)
        rows = rows_of([len(part) for part in tags.tensor_split(world_size)])
        vectors = gather_rows(self.text(names[tags[rows.own]]), rows)
        return self.head.loss('region', self.seen(seen), labels, tags, vectors, share=0.5)


def by_hand(model, loss):
    """Half the mean over rows, since ``share`` is a half; all tags take part."""
    seen, names = numbers()
    total = 0.
    for row, labels in zip(model.seen(seen), LABELS):
        logits = model.head.log_scale.exp() * F.cosine_similarity(row[None], model.text(names), dim=1)
        own = [tag in labels.tolist() for tag in range(TAGS)]
        positive, negative = logits[torch.tensor(own)], logits[~torch.tensor(own)]
        if loss == 'rice':
            total = total + (1 + (-positive).exp().sum()).log() + (1 + negative.exp().sum()).log()
        else:
            total = total - F.logsigmoid(positive + model.head.bias).sum() - F.logsigmoid(
                -negative - model.head.bias).sum()
    return 0.5 * total / len(LABELS)


def step(rank, world_size, options):
    """Loss, gradients and accuracy of a step."""
    model = Model(chunk_size=2, **options).double()
    wrapped = DistributedDataParallel(model) if world_size > 1 else model
    start = sum(SHARES[world_size][:rank])
    chosen = slice(start, start + SHARES[world_size][rank])
    seen, names = numbers()
    losses = wrapped(seen[chosen], LABELS[chosen], names, world_size)
    losses['loss_region_tag'].backward()
    gradients = {name: p.grad for name, p in model.named_parameters()}
    return losses['loss_region_tag'].item(), gradients, losses['accuracy_region_tag'].item()


@pytest.mark.parametrize('options', [dict(loss='rice'), dict(loss='sigmoid'), dict(loss='rice', sample_ratio=0.3)],
                         ids=['rice', 'sigmoid', 'all tags that occur'])
@pytest.mark.parametrize('world_size', [1, 2, 3])
def test_loss_and_gradients_are_those_of_the_whole_batch_on_any_number_of_ranks(world_size, options):
    results = [step(0, 1, options)] if world_size == 1 else run_ranks(step, world_size, options)
    model = Model(**options).double()
    expected = by_hand(model, options['loss'])  # every tag occurs, so that drawn ones add none
    expected.backward()
    assert sum(loss for loss, _, _ in results) / world_size == pytest.approx(expected.item(), rel=1e-9)
    seen, names = (F.normalize(layer(x), dim=1) for layer, x in zip((model.seen, model.text), numbers()))
    hits = sum(best in own for best, own in zip((seen @ names.T).argmax(1).tolist(), LABELS.tolist()))
    assert 0 < hits < len(LABELS)
    assert sum(share for _, _, share in results) / world_size == pytest.approx(100 * hits / len(LABELS))
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(results[0][1][name], parameter.grad, rtol=1e-8, atol=1e-10)


def test_candidates_are_the_own_tags_and_as_many_drawn_ones_another_time_others():
    head = TagHead(1000, sample_ratio=0.02)
    drawn = [head.candidates(torch.tensor([[5, -1], [999, 5]])) for _ in range(2)]
    for tags in drawn:
        assert {5, 999} <= set(tags.tolist()) and 20 <= len(tags) <= 22 and (tags.diff() > 0).all()
    assert set(drawn[0].tolist()) != set(drawn[1].tolist())
    torch.testing.assert_close(TagHead(1000, sample_ratio=0.02).candidates(torch.tensor([[5, -1], [999, 5]])), drawn[0])
    assert TagHead(9).candidates(torch.tensor([[3]])).tolist() == list(range(9))


def test_a_row_that_has_every_tag_trains_without_nan():
    head, seen = TagHead(2), torch.randn(1, DIMS, requires_grad=True)
    tags = head.candidates(torch.tensor([[0, 1]]))
    losses = head.loss('image', seen, torch.tensor([[0, 1]]), tags, torch.randn(2, DIMS))
    losses['loss_image_tag'].backward()
    assert seen.grad.isfinite().all() and seen.grad.any() and losses['accuracy_image_tag'] == 100


def test_accuracy_is_the_share_of_rows_with_an_own_tag_first():
    head, names = TagHead(3), torch.eye(3)
    labels = torch.tensor([[0, 1], [2, -1]])
    losses = head.loss('pixel', torch.tensor([[0., 1., 0.], [1., 0., 0.5]]), labels, head.candidates(labels), names)
    assert losses['accuracy_pixel_tag'] == 50


@pytest.mark.parametrize(('call', 'message'), [
    (lambda: TagHead(3, loss='softmax'), "loss='softmax', expected 'rice' or 'sigmoid'"),
    (lambda: TagHead(3, sample_ratio=0.), 'sample_ratio=0.0, expected'),
    (lambda: TagHead(3).candidates(torch.tensor([[3]])), 'rank 0 has tag 3, expected 0 to 2'),
])
def test_wrong_numbers_are_one_clear_error(call, message):
    with pytest.raises(UserError, match=message):
        call()

"""Contrast in chunks and over ranks equals the written-out loss of the whole batch, gradients too."""
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mmrice.models.heads import Paired, RegionTextHead
from mmrice.testing.distributed import run_ranks
from mmrice.utils import UserError

DIMS = 6
# Captioned images and regions of each rank, images with regions and all: one rank without images, one without regions.
SHARES = {1: [(5, 7, 4, 6)], 2: [(5, 3, 2, 3), (0, 4, 2, 3)], 3: [(2, 0, 0, 2), (2, 5, 3, 3), (1, 2, 1, 1)]}


def numbers():
    """Embeddings of 5 images, their captions, 7 regions, their texts, found boxes and boxes; two texts are the same."""
    generator = torch.Generator().manual_seed(5)
    drawn = [torch.randn(count, dims, generator=generator).double()
             for count, dims in ((5, DIMS), (5, DIMS), (7, DIMS), (7, DIMS), (7, 4), (7, 4))]
    drawn[3][4] = 3 * drawn[3][1]
    return drawn


class Model(nn.Module):
    """What stands for the encoders: a layer for what is seen and one for texts."""

    def __init__(self, **kwargs):
        super().__init__()
        torch.manual_seed(1)
        self.seen, self.text, self.boxes = nn.Linear(DIMS, DIMS), nn.Linear(DIMS, DIMS), nn.Linear(4, 4)
        self.head = RegionTextHead(**kwargs)

    def forward(self, images, captions, regions, texts, found, boxes, counts):
        images, regions = Paired(self.seen(images), self.text(captions)), Paired(self.seen(regions), self.text(texts))
        return self.head.loss(images, regions, self.boxes(found), boxes, counts)


def by_hand(model, options):
    """The three losses of eq. 1 to 4, written out with loops."""
    images, captions, regions, texts, found, boxes = numbers()
    head, share = model.head, 4 / 6
    images, captions = model.seen(images), model.text(captions)
    regions, texts = model.seen(regions), model.text(texts)

    def cosines(x, y):
        return F.cosine_similarity(x[:, None], y[None], dim=-1)

    def contrast(seen, words, place, threshold):
        logits = head.log_scale[place].exp() * cosines(seen, words)
        own = torch.eye(len(seen), dtype=torch.bool)
        kept = own | (cosines(words, words) <= threshold)
        if options.get('loss') == 'sigmoid':
            logits = logits + head.bias[place]
            losses = torch.where(own, -F.logsigmoid(logits), -F.logsigmoid(-logits))
            return losses[kept].sum() / len(seen)
        total = 0.
        for i in range(len(seen)):
            total -= logits[i, i] - logits[i, kept[i]].exp().sum().log()
            total -= logits[i, i] - logits[kept[:, i], i].exp().sum().log()
        return total / (2 * len(seen))

    distance = (model.boxes(found) - boxes).square().sum() / (4 * 7)
    return torch.stack([contrast(images, captions, 0, 2.), share * contrast(regions, texts, -1, 0.9),
                        share * distance])


def share_of(rank, shares):
    """This rank's arguments."""
    starts = [sum(counts[kind] for counts in shares[:rank]) for kind in (0, 1)]
    places = [slice(start, start + count) for start, count in zip(starts, shares[rank])]
    drawn = numbers()
    return *(x[places[0]] for x in drawn[:2]), *(x[places[1]] for x in drawn[2:]), shares[rank][2:]


def step(rank, world_size, options):
    """Losses, gradients and accuracies of a step."""
    model = Model(chunk_size=2, **options).double()
    wrapped = DistributedDataParallel(model) if world_size > 1 else model
    outputs = wrapped(*share_of(rank, SHARES[world_size]))
    losses = torch.stack([outputs[f'loss_{name}'] for name in ('image_text', 'region_text', 'grounding')])
    losses.sum().backward()
    accuracies = torch.stack([outputs[f'accuracy_{name}_text'] for name in ('image', 'region')])
    gradients = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    return losses.detach(), gradients, accuracies


@pytest.mark.parametrize('options', [{}, dict(loss='sigmoid', share_temperature=False)], ids=['softmax', 'sigmoid'])
@pytest.mark.parametrize('world_size', [1, 2, 3])
def test_it_is_the_loss_of_the_whole_batch_for_any_number_of_ranks(world_size, options):
    reference = Model(**options).double()
    expected = by_hand(reference, options)
    expected.sum().backward()
    ranks = run_ranks(step, world_size, options) if world_size > 1 else [step(0, 1, options)]
    torch.testing.assert_close(torch.stack([losses for losses, _, _ in ranks]).mean(dim=0), expected.detach())
    images, captions, regions, texts, _, _ = numbers()
    best = [F.cosine_similarity(reference.seen(seen)[:, None], reference.text(words)[None], dim=-1).argmax(dim=1)
            for seen, words in ((images, captions), (regions, texts))]
    shares = [100 * (one == torch.arange(len(one))).double().mean() for one in best]
    assert min(shares) > 0
    torch.testing.assert_close(torch.stack([found for _, _, found in ranks]).mean(dim=0).double(), torch.stack(shares))
    for _, gradients, _ in ranks:
        for name, parameter in reference.named_parameters():
            torch.testing.assert_close(gradients[name], parameter.grad, msg=name)


def test_chunks_keep_no_logits_for_the_backward_pass():
    seen, texts = (torch.randn(64, DIMS, requires_grad=True) for _ in range(2))
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x.numel()) or x, lambda x: x):
        RegionTextHead(chunk_size=16).loss(Paired(seen, texts), None, None, None, (0, 64))
    assert max(kept) <= 64 * DIMS
    kept.clear()
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x.numel()) or x, lambda x: x):
        RegionTextHead(chunk_size=64).loss(Paired(seen, texts), None, None, None, (0, 64))
    assert max(kept) == 64 * 64


def test_texts_that_say_the_same_are_no_negatives_and_get_no_gradient_for_that():
    model = Model().double()
    args = share_of(0, SHARES[1])
    loss = model(*args)['loss_region_text']
    args[3][4] = args[3][0] * -1  # region 4 says something else than region 1 now
    assert not torch.allclose(model(*args)['loss_region_text'], loss)
    everything = Model(text_filter=None).double()
    assert everything(*share_of(0, SHARES[1]))['loss_region_text'] > loss


def test_a_batch_without_regions_has_a_loss_of_zero_that_reaches_every_parameter():
    model = Model().double()
    images, captions, *rest = share_of(0, SHARES[1])
    losses = model(images, captions, *(x[:0] for x in rest[:-1]), (0, 6))
    assert losses['loss_region_text'] == losses['loss_grounding'] == 0
    sum(value for name, value in losses.items() if name.startswith('loss')).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_accuracy_and_the_bound_of_the_temperature():
    head = RegionTextHead(max_scale=20.)
    head.log_scale.data.fill_(9.)
    eye = torch.eye(4)
    found = head.loss(Paired(eye, eye), Paired(eye, eye.roll(1, 0)), None, None, (4, 4))
    assert found['scale'].item() == pytest.approx(20.)
    assert (found['accuracy_image_text'], found['accuracy_region_text']) == (100., 0.)


def test_mistakes_are_named():
    with pytest.raises(UserError, match="loss='triplet', expected 'softmax' or 'sigmoid'"):
        RegionTextHead(loss='triplet')
    with pytest.raises(UserError, match='chunk_size=0'):
        RegionTextHead(chunk_size=0)

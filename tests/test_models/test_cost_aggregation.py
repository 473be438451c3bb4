"""CostAggregationHead: what it does with a cost volume, for any classes, in parts or whole."""
import pytest
import torch
import torch.nn.functional as F

import mmrice  # noqa: F401 before a host
from mmrice.utils import UserError

pytest.importorskip('mmseg')
DIMS, GRID = 16, (4, 6)


def make(trained=True, **kwargs):
    from mmrice.models.heads.cost_aggregation_head import CostAggregationHead
    torch.manual_seed(0)
    options = dict(guide_channels=(24, 20), up_dims=(16, 8), embed_dims=16, num_heads=2, guide_dims=4)
    head = CostAggregationHead(DIMS, **{**options, **kwargs}).eval()
    if trained:
        torch.nn.init.normal_(head.predictor.weight)
    return head


def inputs(classes=5, grid=GRID, batch=2):
    torch.manual_seed(1)
    patches = F.normalize(torch.randn(batch, DIMS, *grid), dim=1)
    guides = [torch.randn(batch, *grid, channels) for channels in (24, 20)]
    return patches, guides, F.normalize(torch.randn(classes, DIMS), dim=1)


@torch.no_grad()
def test_untrained_it_says_what_the_cosines_say():
    patches, guides, classes = inputs()
    cosines = 100 * torch.einsum('bdhw,nd->bnhw', patches, classes)
    torch.testing.assert_close(make(False, guide_channels=(), up_dims=())((patches, (), classes)), cosines)
    enlarged = F.interpolate(cosines, (16, 24), mode='bilinear')
    torch.testing.assert_close(make(False)((patches, guides, classes)), enlarged)
    torch.testing.assert_close(make(False, scale=7.)((patches, guides, classes)), enlarged * 0.07)


@torch.no_grad()
def test_another_order_of_the_classes_is_another_order_of_the_logits():
    head, (patches, guides, classes) = make(), inputs()
    order = torch.tensor([3, 0, 4, 2, 1])
    logits = head((patches, guides, classes))
    torch.testing.assert_close(head((patches, guides, classes[order])), logits[:, order], atol=1e-4, rtol=1e-4)
    learned = logits - make(False)((patches, guides, classes))
    assert learned.std((0, 2, 3)).min() > 0.1  # the order is kept where something was learned, too


@torch.no_grad()
def test_any_number_of_classes_and_any_size_of_the_grid_need_the_same_parameters():
    head = make()
    for classes, grid in ((1, (3, 3)), (2, (4, 6)), (40, (5, 2))):
        assert head(inputs(classes, grid)).shape == (2, classes, 4 * grid[0], 4 * grid[1])
    alone = head(inputs(5))[1:]
    patches, guides, classes = inputs(5)
    torch.testing.assert_close(head((patches[1:], [guide[1:] for guide in guides], classes)), alone)


@torch.no_grad()
def test_a_patch_and_a_class_are_seen_by_the_others():
    head, (patches, guides, classes) = make(), inputs()
    before = head((patches, guides, classes))
    moved, other = patches.clone(), classes.clone()
    moved[:, :, 0, 0] *= -1
    other[0] *= -1
    assert (head((moved, guides, classes))[:, :, -4:, -4:] != before[:, :, -4:, -4:]).any()
    assert (head((patches, guides, other))[:, 1:] != before[:, 1:]).any()
    guides[1] = guides[1] + torch.randn_like(guides[1])
    assert (head((patches, guides, classes)) != before).any()


def test_parts_of_the_volume_give_the_same_results_and_gradients_and_bound_what_is_held():
    from mmrice.models.layers.cost_aggregation import GuidedBlock
    content, found, largest = inputs(7), [], []
    for at_once, with_cp in ((2**17, False), (100, False), (100, True)):
        head = make(at_once=at_once, with_cp=with_cp)
        cells = []
        for module in head.modules():
            if isinstance(module, GuidedBlock):
                module.norm2.register_forward_hook(lambda module, args, out, cells=cells: cells.append(
                    out.numel() // out.size(-1)))
        logits = head(content)
        logits.square().mean().backward()
        found.append([logits.detach(), *(value.grad for value in head.parameters())])
        largest.append(max(cells))
    assert largest[0] == 2 * 7 * 24 and max(largest[1:]) <= 100
    for others in found[1:]:
        for expected, value in zip(found[0], others):
            torch.testing.assert_close(value, expected, atol=2e-4, rtol=1e-3)


def squares(classes, noise, batch=8):
    """Cost volumes of images of four quarters, a class each, by patches that are hardly like their class."""
    labels = torch.stack([torch.randperm(len(classes))[:4] for _ in range(batch)]).view(batch, 2, 2)
    labels = labels.repeat_interleave(4, 1).repeat_interleave(4, 2)
    patches = classes[labels].permute(0, 3, 1, 2) + noise * torch.randn(batch, DIMS, 8, 8)
    return (F.normalize(patches, dim=1), (), classes), labels


def test_trained_on_some_classes_it_is_better_than_the_cosines_at_others():
    head = make(False, guide_channels=(), up_dims=(), num_layers=1, scale=10.).train()
    optimizer = torch.optim.AdamW(head.parameters(), lr=5e-3)
    for _ in range(60):
        seen, labels = squares(F.normalize(torch.randn(5, DIMS), dim=1), 0.6)
        optimizer.zero_grad()
        F.cross_entropy(head(seen), labels).backward()
        optimizer.step()
    unseen, labels = squares(F.normalize(torch.randn(8, DIMS), dim=1), 0.6, batch=32)
    with torch.no_grad():
        learned = (head.eval()(unseen).argmax(1) == labels).float().mean()
    cosines = (torch.einsum('bdhw,nd->bnhw', unseen[0], unseen[2]).argmax(1) == labels).float().mean()
    assert learned > cosines + 0.1, (learned, cosines)


def test_settings_that_cannot_work_are_named():
    with pytest.raises(UserError, match=r'guide_channels=\[24, 20\] and up_dims=\[8\], expected as many of both'):
        make(up_dims=(8, ))
    with pytest.raises(UserError, match=r'embed_dims=20, expected a multiple of 4 \* num_heads=8'):
        make(embed_dims=20)
    patches, guides, classes = inputs()
    with pytest.raises(UserError, match='the backbone gives 1 maps before its last, expected 2.*backbone.out_indices'):
        make()((patches, guides[:1], classes))

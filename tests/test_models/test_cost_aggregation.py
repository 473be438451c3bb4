"""CostAggregationHead: what it does with a cost volume, for any classes, in parts or whole."""
import weakref

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import mmrice  # noqa: F401 before a host
from mmrice.models.layers import grid_angles, rotation
from mmrice.models.layers.cost_aggregation import AggregationLayer, GuidedBlock
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
def test_a_cell_of_the_volume_is_seen_by_all_patches_of_its_class_and_then_by_all_classes():
    torch.manual_seed(0)
    layer = AggregationLayer(DIMS, DIMS, num_heads=2)
    volume, image, texts = torch.randn(1, 5, 24, DIMS), torch.randn(1, 24, DIMS), torch.randn(5, DIMS)
    rope = (*rotation(grid_angles(GRID, DIMS // 2, volume.device)[:, None]), None)
    moved = volume.clone()
    moved[0, 2, 7] *= -1
    after_patches, after_both = ((step(moved) - step(volume)).abs().amax(-1)[0] > 1e-5 for step in (
        lambda x: layer.patches(x, image[:, None], rope), lambda x: layer(x, image, texts, rope, 2**10)))
    assert after_patches[2].all() and not after_patches[[0, 1, 3, 4]].any()
    assert after_both.all()


@torch.no_grad()
def test_layers_and_each_map_of_the_encoder_change_the_logits():
    head, (patches, guides, classes) = make(), inputs()
    before = head((patches, guides, classes))
    for number in range(2):
        others = [guide + torch.randn_like(guide) * (place == number) for place, guide in enumerate(guides)]
        assert (head((patches, others, classes)) - before).abs().max() > 1e-3
    for layer in head.layers:
        layer.classes.ffn = torch.nn.Identity()
        changed = head((patches, guides, classes))
        assert (changed - before).abs().max() > 1e-3
        before = changed


def test_parts_of_the_volume_give_the_same_results_and_gradients_and_bound_what_is_held():
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


class Held(TorchDispatchMode):
    """Bytes of the tensors that were made inside: now, and the most there were at a time."""

    def __init__(self):
        super().__init__()
        self.sizes, self.peak = {}, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        results = function(*args, **(kwargs or {}))
        for storage in (x.untyped_storage() for x in tree_leaves(results) if isinstance(x, torch.Tensor)):
            if storage._cdata not in self.sizes:
                self.sizes[storage._cdata] = storage.nbytes()
                weakref.finalize(storage, self.sizes.pop, storage._cdata)
        self.peak = max(self.peak, sum(self.sizes.values()))
        return results


@torch.no_grad()
def test_the_volume_is_held_three_times_in_testing():
    head = make(guide_channels=(), up_dims=(), at_once=64)  # a part is 1 / 64 of the volume
    patches, _, classes = inputs(64, (8, 8), batch=1)
    whole = make(guide_channels=(), up_dims=())((patches, (), classes))
    with Held() as held:
        logits = head((patches, (), classes))
    assert 3 < held.peak / (64 * 64 * 16 * 4) < 3.6  # a part's own is the rest
    torch.testing.assert_close(logits, whole, atol=1e-4, rtol=1e-4)


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

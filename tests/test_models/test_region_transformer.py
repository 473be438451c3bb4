"""RegionTransformer: what a region may see, and equality with a naive loop."""
import pytest
import torch

from mmrice.models import RegionTransformer, RICEViT
from mmrice.models.layers import grid_angles, region_token_mask, rotate, rotation

GRID, PATCH, DIMS, HEADS = (4, 6), 8, 32, 2


@pytest.fixture(params=[0, 2], ids=['pooling', 'layers'])
def neck(request):
    torch.manual_seed(0)
    return RegionTransformer(DIMS, 16, HEADS, PATCH, num_layers=request.param).double()


@pytest.fixture
def tokens():
    return torch.randn(3, 1 + GRID[0] * GRID[1], DIMS, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.fixture
def boxes():
    return [
        torch.tensor([[0., 0., 16., 16.], [8., 8., 48., 32.], [3., 17., 4., 18.]]),
        torch.zeros(0, 4),
        torch.tensor([[20., 2., 46., 5.]]),
    ]


def naive_mask(box, grid, patch):
    """Cells whose centre lies in the box, or along an axis without any the cell of the box's middle."""
    sides = []
    for low, high, length in ((box[1], box[3], grid[0]), (box[0], box[2], grid[1])):
        inside = [low <= (i + 0.5) * patch < high for i in range(length)]
        if not any(inside):
            inside[min(length - 1, max(0, int((low + high) / 2 // patch)))] = True
        sides.append(inside)
    return torch.tensor([row and col for row in sides[0] for col in sides[1]])


def test_mask_equals_the_naive_one_for_random_boxes():
    corner = torch.rand(200, 2) * torch.tensor([60., 40.]) - 6
    boxes = torch.cat([corner, corner + torch.rand(200, 2) ** 3 * 40], dim=1)
    expected = torch.stack([naive_mask(box.tolist(), GRID, PATCH) for box in boxes])
    assert torch.equal(region_token_mask(boxes, GRID, PATCH), expected)


def test_a_region_is_never_empty_however_small_or_far():
    boxes = torch.tensor([[7.9, 7.9, 8., 8.], [0., 0., 0., 0.], [-50., -9., -40., -8.], [90., 90., 99., 99.]])
    assert region_token_mask(boxes, GRID, PATCH).sum(1).tolist() == [1, 1, 1, 1]


def test_a_thin_line_keeps_all_tokens_that_it_runs_through():
    assert region_token_mask(torch.tensor([[0., 9., 48., 11.]]), GRID, PATCH).view(GRID)[1].all()


def test_pooling_equals_a_loop_over_regions(tokens, boxes):
    neck = RegionTransformer(DIMS, 16, HEADS, PATCH).double()
    cos, sin = rotation(grid_angles(GRID, DIMS // HEADS, torch.device('cpu')))
    expected = []
    for sequence, image_boxes in zip(tokens, boxes):
        for box in image_boxes:
            inside = naive_mask(box.tolist(), GRID, PATCH)
            heads = []
            for head in range(HEADS):
                part = slice(head * 16, (head + 1) * 16)
                memory = rotate(sequence[1:, part], cos, sin)[inside]
                weights = (memory @ sequence[0, part] / 4).softmax(0)
                heads.append(weights @ memory)
            expected.append(neck.proj(torch.cat(heads)))
    torch.testing.assert_close(neck(tokens, GRID, boxes), torch.stack(expected), atol=1e-6, rtol=0)


def test_layers_equal_a_loop_over_regions(neck, tokens, boxes):
    alone = [
        neck(tokens[i:i + 1], GRID, [box[None]]) for i, image_boxes in enumerate(boxes) for box in image_boxes
    ]
    torch.testing.assert_close(neck(tokens, GRID, boxes), torch.cat(alone), atol=1e-6, rtol=0)


def test_region_embedding_ignores_pixels_outside_its_box(neck, tokens, boxes):
    moved = tokens.clone()
    outside = ~region_token_mask(boxes[0][1:2], GRID, PATCH)[0]
    moved[0, 1:][outside] += 10.
    before, after = neck(tokens, GRID, boxes), neck(moved, GRID, boxes)
    assert torch.equal(before[1], after[1])
    assert not torch.equal(before[0], after[0])


def test_permuting_regions_permutes_embeddings(neck, tokens, boxes):
    order = torch.tensor([2, 0, 1])
    permuted = neck(tokens, GRID, [boxes[0][order], *boxes[1:]])
    torch.testing.assert_close(permuted[:3], neck(tokens, GRID, boxes)[:3][order], atol=1e-12, rtol=0)


def test_images_without_any_region_give_an_empty_result(neck, tokens):
    assert neck(tokens, GRID, [torch.zeros(0, 4)] * 3).shape == (0, 16)


@pytest.mark.parametrize('num_layers', [0, 2])
def test_gradients_reach_every_parameter_of_the_backbone(num_layers):
    arch = dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=48)
    backbone = RICEViT(arch, patch_size=8, out_type='raw')
    neck = RegionTransformer(32, 16, 2, 8, num_layers=num_layers)
    tokens = backbone(torch.rand(1, 3, 32, 48))[0]
    neck(tokens, GRID, [torch.tensor([[0., 0., 30., 30.], [9., 9., 40., 20.]])]).square().sum().backward()
    dead = [name for module in (backbone, neck) for name, parameter in module.named_parameters()
            if parameter.grad is None or not parameter.grad.abs().sum() > 0]
    assert dead == []


def test_attention_of_a_region_sums_to_one_inside_its_box_and_is_zero_outside(neck, tokens, boxes):
    weights = neck.attention(tokens, GRID, boxes)
    assert weights.shape == (4, HEADS, *GRID)
    torch.testing.assert_close(weights.sum((2, 3)), torch.ones(4, HEADS, dtype=torch.float64))
    inside = torch.stack([naive_mask(box.tolist(), GRID, PATCH) for box in torch.cat(boxes)]).view(4, 1, *GRID)
    assert not weights.masked_select(~inside).any() and (weights.masked_select(inside) > 0).all()


def test_pooling_with_the_attention_gives_the_embedding(tokens, boxes):
    neck = RegionTransformer(DIMS, 16, HEADS, PATCH).double()
    values = rotate(tokens[:, 1:].unflatten(-1, (HEADS, -1)).transpose(1, 2),
                    *rotation(grid_angles(GRID, DIMS // HEADS, torch.device('cpu'))))
    owners = torch.tensor([0, 0, 0, 2])
    pooled = torch.einsum('rhl,rhld->rhd', neck.attention(tokens, GRID, boxes).flatten(2), values[owners])
    torch.testing.assert_close(neck.proj(pooled.flatten(1)), neck(tokens, GRID, boxes), atol=1e-6, rtol=0)


def test_attention_of_layers_is_that_of_the_last_one(tokens, boxes):
    torch.manual_seed(0)
    neck = RegionTransformer(DIMS, 16, HEADS, PATCH, num_layers=2).double()
    before = neck.attention(tokens, GRID, boxes)
    torch.nn.init.zeros_(neck.layers[1].q.weight)
    after = neck.attention(tokens, GRID, boxes)
    assert not torch.equal(before, after)
    inside = torch.stack([naive_mask(box.tolist(), GRID, PATCH) for box in torch.cat(boxes)]).view(4, 1, *GRID)
    torch.testing.assert_close(after, (inside / inside.sum((2, 3), keepdim=True)).double().expand_as(after))

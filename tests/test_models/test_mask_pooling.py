import pytest
import torch

from mmrice.models import MaskPooling

GRID = 3, 4


@pytest.fixture
def neck():
    torch.manual_seed(0)
    return MaskPooling(8, 5, patch_size=16).double()


@pytest.fixture
def tokens():
    return torch.randn(2, 13, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_an_embedding_is_the_mean_of_the_patches_weighted_by_how_much_of_them_is_covered(neck, tokens):
    covers = [torch.rand(2, *GRID, generator=torch.Generator().manual_seed(2)), torch.zeros(1, *GRID)]
    covers[1][0, 1, 2] = 0.25
    found = neck(tokens, GRID, covers)
    for place in range(2):
        weights = covers[0][place].double().flatten()
        mean = sum(weight * patch for weight, patch in zip(weights, tokens[0, 1:])) / weights.sum()
        torch.testing.assert_close(found[place], neck.proj.weight @ mean, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(found[2], neck.project(tokens[1, 1 + 4 + 2]))


def test_patches_outside_a_mask_and_other_images_do_not_matter(neck, tokens):
    covers = [torch.zeros(1, *GRID), torch.zeros(0, *GRID)]
    covers[0][0, :2, :2] = 1
    changed = tokens.clone()
    changed[0, 1:].view(*GRID, 8)[2:] = 100.
    changed[1] = 100.
    torch.testing.assert_close(neck(tokens, GRID, covers), neck(changed, GRID, covers))


def test_a_box_is_the_mask_of_the_patches_whose_centres_lie_inside(neck, tokens):
    boxes = [torch.tensor([[0., 0., 39., 32.]]), torch.zeros(0, 4)]
    covers = [torch.zeros(1, *GRID), torch.zeros(0, *GRID)]
    covers[0][0, :2, :2] = 1
    torch.testing.assert_close(neck(tokens, GRID, boxes), neck(tokens, GRID, covers))


def test_a_mask_of_nothing_gives_zeros_and_no_nan(neck, tokens):
    tokens.requires_grad_()
    found = neck(tokens, GRID, [torch.zeros(1, *GRID), torch.ones(1, *GRID)])
    found.sum().backward()
    assert not found[0].any() and tokens.grad.isfinite().all()


def test_no_region_at_all_gives_no_rows(neck, tokens):
    assert neck(tokens, GRID, [torch.zeros(0, *GRID)] * 2).shape == (0, 5)
    assert neck(tokens, GRID, [torch.zeros(0, 4)] * 2).shape == (0, 5)

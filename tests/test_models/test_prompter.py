"""Prompter against one sequence a region through an ordinary layer, and what it must not see."""
import pytest
import torch
import torch.nn.functional as F

from mmrice.models import Prompter, RoIAlignPooling
from mmrice.models.layers.prompt_attention import sine_positions
from mmrice.utils import UserError

C, D, GRID, PATCH = 16, 8, (3, 4), 8
BOXES = [torch.tensor([[0., 0., 9., 9.], [4., 2., 30., 20.], [16., 8., 32., 24.]]), torch.zeros(0, 4),
         torch.tensor([[8., 0., 24., 24.]])]


def make(**kwargs):
    torch.manual_seed(0)
    return Prompter(C, D, PATCH, **kwargs).double()


def tokens():
    return torch.randn(3, 13, C, generator=torch.Generator().manual_seed(1)).double()


def one_by_one(neck, image, prompt):
    """A region's embedding before its projection: tokens (L, C) and prompts (P, C) in a sequence of their own."""
    rows, columns = torch.meshgrid(torch.arange(GRID[0]) + 0.5, torch.arange(GRID[1]) + 0.5, indexing='ij')
    places = torch.stack([columns / GRID[1], rows / GRID[0]], dim=-1).flatten(0, 1).double()
    image = image.clone()
    if neck.position is not None:
        image[1:] += neck.position(sine_positions(places, C))
    x = torch.cat([prompt, image])
    normed = neck.norm1(x) if neck.pre_norm else x
    query, key, value = (part.unflatten(-1, (neck.num_heads, -1)).transpose(0, 1)
                         for part in neck.qkv(normed).chunk(3, dim=-1))
    mixed = F.scaled_dot_product_attention(query, key, value).transpose(0, 1).flatten(1)
    x = x + neck.attn_proj(mixed)
    if neck.pre_norm:
        x = x + neck.ffn(neck.norm2(x))
    else:
        x = neck.norm1(x)
        x = neck.norm2(x + neck.ffn(x))
    number = len(prompt)
    return neck.norm(dict(prompt=x[:number], image=x[number:], all=x)[neck.pool].mean(dim=0))


def box_prompt(neck, box):
    corners = sine_positions(box.double().view(2, 2) / torch.tensor([GRID[1], GRID[0]]) / PATCH, C)
    return neck.corners(corners.flatten()[None]) if neck.joint_corners else neck.corners(corners) + neck.which_corner


@pytest.mark.parametrize('options', [
    {}, dict(pool='all'), dict(pool='image', pre_norm=False), dict(num_heads=2, joint_corners=False),
    dict(pool='all', image_positions=False, joint_corners=True, num_heads=4)], ids=str)
def test_all_regions_at_once_equal_a_sequence_for_each(options):
    neck, image = make(**options), tokens()
    expected = [neck.proj(one_by_one(neck, image[place], box_prompt(neck, box)))
                for place, own in enumerate(BOXES) for box in own]
    torch.testing.assert_close(neck(image, GRID, BOXES), torch.stack(expected), rtol=0, atol=1e-5)
    texts = [torch.randn(len(own), D, dtype=torch.float64) for own in BOXES]
    expected = [neck.box_head(one_by_one(neck, image[place], neck.text(F.normalize(text, dim=0))[None]))
                for place, own in enumerate(texts) for text in own]
    torch.testing.assert_close(neck.ground(image, GRID, texts), torch.stack(expected), rtol=0, atol=1e-5)


@pytest.mark.parametrize('pool', ['prompt', 'all'])
def test_a_region_knows_nothing_of_other_regions_and_images(pool):
    neck, image = make(pool=pool), tokens()
    before = neck(image, GRID, BOXES)[0]
    image[2] += 1
    after = neck(image, GRID, [torch.cat([BOXES[0][:1], BOXES[0][2:]]), BOXES[1], BOXES[2]])[0]
    torch.testing.assert_close(before, after)
    assert not torch.allclose(before, neck(image, GRID, [BOXES[0].roll(1, 0), *BOXES[1:]])[0])


def test_a_batch_without_regions_gives_nothing_and_reaches_every_parameter():
    neck, nothing = make(pool='all'), [torch.zeros(0, 4)] * 3
    found, boxes = neck(tokens(), GRID, nothing), neck.ground(tokens(), GRID, [torch.zeros(0, D).double()] * 3)
    assert found.shape == (0, D) and boxes.shape == (0, 4)
    (found.sum() + boxes.sum()).backward()
    assert all(parameter.grad is not None and not parameter.grad.any() for parameter in neck.parameters())


def test_the_length_of_a_text_embedding_does_not_matter():
    neck, text = make(), [torch.randn(1, D).double()] * 3
    found = neck.ground(tokens(), GRID, text)
    torch.testing.assert_close(neck.ground(tokens(), GRID, [7 * own for own in text]), found)


def test_a_prompt_costs_two_products_with_the_tokens():
    from torch.utils.flop_counter import FlopCounterMode
    neck, image = make(grounding=False), torch.randn(1, 197, C).double()

    def flops(count):
        with FlopCounterMode(display=False) as counter:
            neck(image, (14, 14), [torch.tensor([[0., 0., 9., 9.]]).repeat(count, 1)])
        return counter.get_total_flops()

    expected = 2 * 2 * 198 * C + 2 * C * (2 * C + 3 * C + C + 8 * C + D)
    assert (flops(5) - flops(1)) / 4 == pytest.approx(expected, rel=0.01)


def test_roi_align_takes_the_mean_of_the_box_and_no_more():
    torch.manual_seed(0)
    neck = RoIAlignPooling(C, D, PATCH, output_size=2)
    image = torch.randn(1, 13, C)
    box = [torch.tensor([[8., 8., 24., 24.]])]  # four whole patches
    patches = image[:, 1:].unflatten(1, GRID)[0, 1:3, 1:3].flatten(0, 1)
    torch.testing.assert_close(neck(image, GRID, box)[0], neck.proj(patches.mean(dim=0)))


def test_mistakes_are_named():
    with pytest.raises(UserError, match="pool='mean', expected 'prompt', 'image' or 'all'"):
        Prompter(16, 8, 8, pool='mean')
    with pytest.raises(UserError, match='in_channels=18, expected a multiple of 4'):
        Prompter(18, 8, 8)
    with pytest.raises(UserError, match='grounding=False'):
        make(grounding=False).ground(tokens(), GRID, [torch.zeros(1, D).double()] * 3)

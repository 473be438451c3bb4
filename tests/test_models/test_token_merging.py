import pytest
import torch

from mmrice.models import RICEViT
from mmrice.models.layers.token_merging import merge_tokens, unmerge_tokens
from mmrice.utils import UserError

ARCH = dict(embed_dims=32, num_layers=3, num_heads=2, feedforward_channels=64)


def vit(**options):
    torch.manual_seed(0)
    return RICEViT(ARCH, patch_size=8, out_type='raw', **options)


@pytest.mark.parametrize(('count', 'number'), [(12, 6), (13, 7), (12, 2), (5, 0)])
def test_tokens_and_positions_are_the_means_of_what_was_merged_and_every_patch_is_in_one(count, number):
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randn(2, count, 8, generator=generator, dtype=torch.float32)
    positions = torch.rand(count, 2, generator=generator)
    merged = merge_tokens(tokens, positions, number)
    assert merged.tokens.shape == (2, count - number, 8)
    for image in range(2):
        assert merged.target[image].unique().tolist() == list(range(count - number))
        for place in range(count - number):
            own = merged.target[image] == place
            torch.testing.assert_close(merged.tokens[image, place], tokens[image, own].mean(0))
            torch.testing.assert_close(merged.positions[image, place], positions[own].mean(0))


def test_the_most_similar_pairs_are_merged():
    tokens = torch.eye(8)[None].repeat(1, 1, 1)
    tokens[0, 2] = tokens[0, 7] + 0.1 * tokens[0, 2]
    tokens[0, 4] = 3 * tokens[0, 1]
    merged = merge_tokens(tokens, torch.zeros(8, 2), 2)
    target = merged.target[0].tolist()
    assert target[2] == target[7] and target[4] == target[1] and len(set(target)) == 6


def test_positions_are_exact_in_bfloat16():
    positions = torch.tensor([[300., 301.], [303., 305.], [511., 0.], [7., 257.]])
    merged = merge_tokens(torch.eye(4, dtype=torch.bfloat16)[None], positions, 0)
    torch.testing.assert_close(merged.positions[0][merged.target[0]], positions)
    assert merged.tokens.dtype == torch.bfloat16


def test_patches_that_are_equal_lose_nothing():
    tokens = torch.randn(2, 3, 8).repeat_interleave(2, dim=1)
    merged = merge_tokens(tokens, torch.zeros(6, 2), 3)
    torch.testing.assert_close(unmerge_tokens(merged.tokens, merged.target), tokens)


def test_it_saves_layers_their_tokens_in_training_alone_and_gives_a_token_for_each_patch():
    model, counts = vit(token_merging=dict(after=1, keep=0.5)), []
    for layer in model.layers:
        layer.register_forward_hook(lambda module, inputs, output: counts.append(inputs[0].size(1)))
    images = torch.randn(2, 3, 32, 48, generator=torch.Generator().manual_seed(2))
    assert model.train()(images)[0].shape == (2, 25, 32) and counts == [25, 13, 13]
    counts.clear()
    plain = vit().eval()
    torch.testing.assert_close(model.eval()(images)[0], plain(images)[0])
    assert counts == [25] * 3
    always = vit(token_merging=dict(after=1, keep=0.5, in_eval=True)).eval()
    assert not torch.allclose(always(images)[0], plain(images)[0])


def test_when_all_tokens_stay_only_their_order_changes_and_outputs_are_those_without_merging():
    model, plain = vit(token_merging=dict(after=1, keep=0.99)).train(), vit().train()  # 0.99 of 24 is none less
    images = torch.randn(2, 3, 32, 48, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(model(images)[0], plain(images)[0], rtol=1e-4, atol=1e-5)


def test_all_parameters_get_gradients_and_outputs_of_several_layers_agree_in_shape():
    model = vit(token_merging=dict(after=2, keep=0.6), out_indices=(0, 1, 2), with_cp=True).train()
    images = torch.randn(1, 3, 32, 32, requires_grad=True)
    outputs = model(images)
    assert [tuple(output.shape) for output in outputs] == [(1, 17, 32)] * 3
    sum(output.square().sum() for output in outputs).backward()
    assert all(parameter.grad is not None for parameter in model.parameters()) and images.grad.abs().sum() > 0


@pytest.mark.parametrize(('options', 'message'), [
    (dict(token_merging=dict(after=3)), 'after=3'), (dict(token_merging=dict(after=1, keep=0.4)), 'keep=0.4'),
    (dict(token_merging=dict(after=1), window_size=2), 'token_merging with window_size')])
def test_what_cannot_be_merged_is_one_clear_error(options, message):
    with pytest.raises(UserError, match=message):
        vit(**options)

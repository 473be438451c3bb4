"""RICEViT computes what Hugging Face's MLCDVisionModel computes, from the weights that it saved."""
from typing import NamedTuple

import pytest
import torch
from torch import nn

from mmrice.engine.weights import load_backbone, recognise
from mmrice.engine.weights.convert import to_hugging_face, to_ours
from mmrice.models import RICEViT

transformers = pytest.importorskip('transformers')

# hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, patch_size; dims of a head: 16, 64, 96, 104
MODELS = {'narrow': (32, 48, 3, 2, 4), 'common': (128, 256, 2, 2, 8), 'one head': (96, 160, 4, 1, 14),
          'heads of giga': (208, 320, 2, 2, 14)}
GRIDS = [(4, 4), (6, 3), (2, 7), (1, 1)]


class _Pair(NamedTuple):
    theirs: nn.Module
    folder: str
    config: dict  # builds ours

    def ours(self, **kwargs):
        """Our model, loaded from the directory that theirs was saved to."""
        init_cfg = dict(type='mmrice.RICEPretrained', checkpoint=self.folder)
        config = {key: value for key, value in self.config.items() if key != 'type'}
        model = RICEViT(**config, init_cfg=init_cfg, **kwargs)
        model.init_weights()
        return model.eval()


def _config(numbers):
    names = ('hidden_size', 'intermediate_size', 'num_hidden_layers', 'num_attention_heads', 'patch_size')
    return transformers.MLCDVisionConfig(**dict(zip(names, numbers)), num_key_value_groups=1, image_size=4 * numbers[4])


@pytest.fixture(scope='module', params=MODELS)
def pair(request, tmp_path_factory):
    torch.manual_seed(0)
    theirs = transformers.MLCDVisionModel(_config(MODELS[request.param])).eval()
    with torch.no_grad():  # no bias is zero and no norm is the identity, so that each of them matters
        for parameter in theirs.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.1 if parameter.dim() == 1 else 0.02)
    folder = str(tmp_path_factory.mktemp('mlcd'))
    theirs.save_pretrained(folder)
    return _Pair(theirs, folder, load_backbone(folder).config)


def _image(pair, grid, batch=2):
    return torch.randn(batch, 3, *(side * pair.config['patch_size'] for side in grid))


@pytest.mark.parametrize('grid', GRIDS)
@torch.no_grad()
def test_every_hidden_state_is_equal(pair, grid):
    ours = pair.ours(out_type='raw', out_indices=range(pair.theirs.config.num_hidden_layers), final_norm=False)
    first = []
    ours.layers[0].register_forward_pre_hook(lambda module, args: first.append(args[0].clone()))
    x = _image(pair, grid)
    results = ours(x)
    expected = pair.theirs(x, output_hidden_states=True)
    assert len(expected.hidden_states) == 1 + len(results)
    for result, hidden in zip((*first, *results, results[-1]), (*expected.hidden_states, expected.last_hidden_state)):
        torch.testing.assert_close(result, hidden, atol=1e-5, rtol=0)


@pytest.mark.parametrize('grid', GRIDS)
@torch.no_grad()
def test_class_token_is_the_pooler_output(pair, grid):
    x = _image(pair, grid)
    result = pair.ours(out_type='cls_token')(x)[0]
    torch.testing.assert_close(result, pair.theirs(x).pooler_output, atol=1e-5, rtol=0)


@pytest.mark.parametrize('grid', GRIDS[:3])
def test_gradients_of_parameters_and_image_are_equal(pair, grid):
    ours = pair.ours(out_type='raw', out_indices=(-2, -1)).train()
    x = _image(pair, grid)
    patches, pooled = torch.randn(len(x), 1 + grid[0] * grid[1], ours.embed_dims), torch.randn(len(x), ours.embed_dims)
    gradients = []
    for model in (ours, pair.theirs):
        image = x.clone().requires_grad_()
        model.zero_grad()
        if model is ours:
            tokens, last = model(image)
            last = last[:, 0]
        else:
            output = model(image, output_hidden_states=True)
            tokens, last = output.hidden_states[-2], output.pooler_output
        ((tokens * patches).sum() + (last * pooled).sum()).backward()
        gradients.append({'image': image.grad, **{name: value.grad for name, value in model.named_parameters()}})
    expected = {'image': gradients[1].pop('image'), **to_ours(gradients[1], recognise(gradients[1], 'gradients')).state}
    assert gradients[0].keys() == expected.keys()
    for name, gradient in expected.items():
        error = (gradients[0][name] - gradient).abs().max() / gradient.abs().max()
        assert error < 2e-5, name


@pytest.mark.parametrize('arch, numbers', [('large', (1024, 4096, 24, 16, 14)), ('giga', (1664, 8192, 48, 16, 14))])
def test_presets_have_the_names_and_shapes_of_the_released_models(arch, numbers):
    with torch.device('meta'):
        ours = RICEViT(arch, patch_size=14).state_dict()
        theirs = transformers.MLCDVisionModel(_config(numbers)).state_dict()
    layout = recognise(theirs, 'theirs')
    theirs = {f'vision_model.{key[len(layout.prefix):]}': value for key, value in theirs.items()}
    pairs = (to_ours(theirs, layout._replace(prefix='vision_model.')).state, ours), (to_hugging_face(ours), theirs)
    for result, expected in pairs:
        assert {key: value.shape for key, value in result.items()} == {
            key: value.shape for key, value in expected.items()}

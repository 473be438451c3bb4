"""TextTransformer is CLIP's text tower, and takes its weights from whoever saved them."""
import json

import pytest
import torch
from torch import nn

from mmrice.models import TextTransformer
from mmrice.models.text import text_lengths
from mmrice.utils import UserError

ARCH = dict(embed_dims=32, num_layers=2, num_heads=4, feedforward_channels=48)
SIZES = dict(arch=ARCH, vocab_size=50, num_tokens=12, out_dims=24)
END = 49
TEXTS = torch.tensor([[48, 3, 7, END, 0, 0, 0], [48, 1, 2, 3, 4, 5, END], [48, 9, END, 7, END, 1, 2]])


def build(checkpoint=None, **options):
    torch.manual_seed(0)
    init_cfg = checkpoint and dict(type='mmrice.RICEPretrained', checkpoint=str(checkpoint))
    model = TextTransformer(**{**SIZES, **options}, init_cfg=init_cfg)
    model.init_weights()
    return model.eval()


def disturb(model):
    """No bias is zero and no norm is the identity, so that each of them matters."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
    return model.eval()


@pytest.fixture(scope='module')
def theirs():
    transformers = pytest.importorskip('transformers')
    torch.manual_seed(1)
    config = transformers.CLIPTextConfig(
        vocab_size=50, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=12, projection_dim=24, bos_token_id=48, eos_token_id=END, pad_token_id=0)
    return disturb(transformers.CLIPTextModelWithProjection(config))


@torch.no_grad()
def test_a_token_does_not_depend_on_later_ones():
    model = disturb(build())
    changed = TEXTS.clone()
    changed[1, 4:6] = torch.tensor([11, 12])
    tokens, others = model(TEXTS)[0][1], model(changed)[0][1]
    torch.testing.assert_close(tokens[:4], others[:4], rtol=0, atol=1e-6)
    assert ((tokens[4:] - others[4:]).abs().amax(-1) > 1e-3).all()


@torch.no_grad()
def test_padding_changes_neither_tokens_nor_the_pooled_feature():
    model = disturb(build())
    (tokens, pooled), (short, alone) = model(TEXTS[:1]), model(TEXTS[:1, :4])
    torch.testing.assert_close(tokens[:, :4], short, rtol=0, atol=1e-6)
    torch.testing.assert_close(pooled, alone, rtol=0, atol=1e-6)


def test_a_text_ends_with_its_first_end_token():
    assert text_lengths(TEXTS, END).tolist() == [4, 7, 3]


@torch.no_grad()
@pytest.mark.parametrize('whole', [False, True], ids=['tower', 'whole_model'])
def test_features_are_those_of_transformers(theirs, whole, tmp_path):
    if whole:
        import transformers
        vision = dict(hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=8,
                      patch_size=4)
        model = transformers.CLIPModel(transformers.CLIPConfig(
            text_config=theirs.config.to_dict(), vision_config=vision, projection_dim=24))
        model.text_model.load_state_dict(theirs.text_model.state_dict())
        model.text_projection.load_state_dict(theirs.text_projection.state_dict())
        model.save_pretrained(tmp_path)
    else:
        theirs.save_pretrained(tmp_path)
    tokens, pooled = build(tmp_path, activation='quick_gelu')(TEXTS)
    output = theirs(input_ids=TEXTS)
    torch.testing.assert_close(tokens, output.last_hidden_state, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(pooled, output.text_embeds, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_features_are_those_of_open_clip(tmp_path):
    transformer = pytest.importorskip('open_clip.transformer')
    torch.manual_seed(1)
    tower = disturb(transformer.TextTransformer(
        context_length=7, vocab_size=50, width=32, heads=4, layers=2, mlp_ratio=1.5, output_dim=24))
    state = {**tower.state_dict(), 'visual.ln_post.weight': torch.ones(3), 'logit_scale': torch.ones(())}
    torch.save(state, tmp_path / 'open_clip.pt')
    tokens, pooled = build(tmp_path / 'open_clip.pt', num_tokens=7)(TEXTS)
    torch.testing.assert_close(pooled, tower(TEXTS), rtol=1e-5, atol=1e-5)
    assert tokens.shape == (3, 7, 32)


def test_a_config_that_differs_where_no_shape_does_is_named(theirs, tmp_path):
    theirs.save_pretrained(tmp_path)
    with pytest.raises(UserError, match=r"config.json: activation is 'quick_gelu' there, 'gelu' in the model"):
        build(tmp_path)
    with pytest.raises(UserError, match='num_heads is 4 there, 2 in the model'):
        build(tmp_path, activation='quick_gelu', arch={**ARCH, 'num_heads': 2})


def test_weights_that_lack_a_layer_are_refused(theirs, tmp_path):
    theirs.save_pretrained(tmp_path)
    (tmp_path / 'config.json').write_text(json.dumps({}))
    with pytest.raises(UserError, match='missing: layers.2'):
        build(tmp_path, arch={**ARCH, 'num_layers': 3})


def test_a_trained_tower_returns_inside_a_model_with_its_own_names():
    model = disturb(build())
    outer = nn.ModuleDict(dict(text_encoder=TextTransformer(**SIZES)))
    outer.load_state_dict({f'text_encoder.{name}': value for name, value in model.state_dict().items()})
    torch.testing.assert_close(outer['text_encoder'].eval()(TEXTS)[1], model(TEXTS)[1], rtol=0, atol=0)


@pytest.mark.parametrize('options, message', [
    (dict(arch='huge'), "arch='huge' is none of tiny, base, large"), (dict(activation='relu'), "activation='relu'"),
    (dict(arch=dict(embed_dims=32)), 'arch has keys'), (dict(arch={**ARCH, 'num_heads': 5}), 'not divisible')])
def test_what_cannot_be_built_is_named(options, message):
    with pytest.raises(UserError, match=message):
        TextTransformer(**{**SIZES, **options})


def test_too_long_a_text_is_named():
    with pytest.raises(UserError, match='a text of 13 tokens, but num_tokens=12'):
        build()(torch.full((1, 13), END))

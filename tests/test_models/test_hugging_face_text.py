"""HuggingFaceText gives the features of transformers' own models, from the weights that they saved."""
import pytest
import torch

from mmrice.models import HuggingFaceText
from mmrice.utils import UserError

transformers = pytest.importorskip('transformers')

SMALL = dict(vocab_size=60, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
             max_position_embeddings=16)
T5 = dict(vocab_size=60, d_model=32, d_kv=16, d_ff=48, num_layers=2, num_heads=2)
MODELS = {'CLIPTextModel': dict(SMALL, eos_token_id=59, pad_token_id=1, bos_token_id=58), 'SiglipTextModel': SMALL,
          'T5EncoderModel': T5, 'BertModel': SMALL, 'RobertaModel': SMALL}
TEXTS = [[58, 5, 6, 7, 59], [58, 8, 59]]


@pytest.fixture(scope='module', params=MODELS)
def saved(request, tmp_path_factory):
    """A tiny random model and the folder that it was saved to."""
    torch.manual_seed(0)
    build = getattr(transformers, request.param)
    theirs = build(build.config_class(**MODELS[request.param])).eval()
    folder = tmp_path_factory.mktemp(request.param)
    theirs.save_pretrained(folder)
    return theirs, folder


def load(folder, **kwargs):
    model = HuggingFaceText(str(folder), **kwargs)
    model.init_weights()
    return model.eval()


def batch(model):
    longest = max(map(len, TEXTS))
    return torch.tensor([text + [model.pad_id] * (longest - len(text)) for text in TEXTS])


def test_features_are_those_of_each_text_alone_in_transformers(saved):
    theirs, folder = saved
    model = load(folder)
    _, pooled = model(batch(model))
    for text, found in zip(TEXTS, pooled):
        if type(theirs).__name__ == 'SiglipTextModel':  # which sees its padding
            text = text + [model.pad_id] * (16 - len(text))
        expected = theirs(input_ids=torch.tensor([text]))
        own = type(theirs).__name__ in ('CLIPTextModel', 'SiglipTextModel')
        expected = expected.pooler_output[0] if own else expected.last_hidden_state[0].mean(dim=0)
        torch.testing.assert_close(found, expected)


def test_every_parameter_gets_a_gradient_and_a_frozen_one_only_in_the_projection(saved):
    model = load(saved[1], out_dims=8)
    model(batch(model))[1].sum().backward()
    # SigLIP's pooling head and T5's last bias table are used as well
    assert [name for name, parameter in model.named_parameters() if parameter.grad is None] == []
    frozen = load(saved[1], out_dims=8, frozen=True).train()
    assert not frozen.network.training
    assert [name for name, parameter in frozen.named_parameters() if parameter.requires_grad] == ['projection.weight']
    assert frozen(batch(frozen))[1].shape == (2, 8)


def test_mistakes_are_named(tmp_path):
    with pytest.raises(UserError, match='config.json: no such file. HuggingFaceText takes a local directory'):
        HuggingFaceText(str(tmp_path))
    (tmp_path / 'config.json').write_text('{"model_type": "gpt2"}')
    with pytest.raises(UserError, match="config.json: model_type is 'gpt2', expected clip, siglip, clip_text_model"):
        HuggingFaceText(str(tmp_path))
    (tmp_path / 'config.json').write_text('{')
    with pytest.raises(UserError, match='is not valid JSON'):
        HuggingFaceText(str(tmp_path))
    transformers.BertConfig(**SMALL).save_pretrained(tmp_path)
    with pytest.raises(UserError, match='its weights cannot be loaded'):
        HuggingFaceText(str(tmp_path)).init_weights()


def test_weights_of_fewer_layers_are_an_error(tmp_path):
    transformers.BertModel(transformers.BertConfig(**SMALL)).save_pretrained(tmp_path)
    transformers.BertConfig(**{**SMALL, 'num_hidden_layers': 3}).save_pretrained(tmp_path)
    with pytest.raises(UserError, match='16 parameters of BertModel are not in its weights'):
        HuggingFaceText(str(tmp_path)).init_weights()


def test_texts_are_embedded_in_batches_as_each_alone_by_its_own_tokenizer(tmp_path):
    from mmrice.models.region_text.texts import encode_texts, tokenizer_for
    (tmp_path / 'vocab.txt').write_text('\n'.join(['[UNK]', '[PAD]', '[CLS]', '[SEP]', 'a', 'dog', 'two', 'cats']))
    tokenizer = transformers.BertTokenizerFast(str(tmp_path / 'vocab.txt'))
    tokenizer.save_pretrained(tmp_path)
    theirs = transformers.BertModel(transformers.BertConfig(**SMALL, pad_token_id=1)).eval()
    theirs.save_pretrained(tmp_path)
    model = load(tmp_path)
    texts = ['a dog', 'two', 'a cats two dog']
    found = encode_texts(model, tokenizer_for(model, None, str(tmp_path)), texts, torch.device('cpu'), batch_size=2)
    for text, vector in zip(texts, found):
        expected = theirs(**tokenizer(text, return_tensors='pt')).last_hidden_state[0].mean(dim=0)
        torch.testing.assert_close(vector, torch.nn.functional.normalize(expected, dim=0))

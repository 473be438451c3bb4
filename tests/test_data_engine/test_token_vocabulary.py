import gzip
import importlib.util
import json
import subprocess
import sys

import pytest

from mmrice.data_engine import token_vocabulary
from mmrice.data_engine.parts import build_part
from mmrice.data_engine.token_vocabulary import BPEVocabulary, HFTokenizerVocabulary
from mmrice.utils import UserError
from mmrice.utils.tokenizers import load_clip_tokenizer

pytestmark = pytest.mark.skipif(importlib.util.find_spec('open_clip') is None, reason='needs open_clip_torch')
needs_transformers = pytest.mark.skipif(importlib.util.find_spec('transformers') is None, reason='needs transformers')
MERGES = ['t e', 'te a</w>', 'r o', 'o m</w>']


@pytest.fixture(scope='module')
def clip():
    return BPEVocabulary()


def write_merges(path, lines=(*MERGES, '')):
    path.write_bytes(gzip.compress('\n'.join(['a heading', *lines]).encode()))
    return str(path)


def test_the_labels_of_a_text_are_its_tokens_in_clip_in_reading_order_and_once_each(clip):
    # open_clip.tokenize('Hello, world! hello') is [49406, 3306, 267, 1002, 256, 3306, 49407, 0, ...].
    assert clip.labels('Hello, world! hello', {}) == [3306, 267, 1002, 256]
    assert clip.labels(' \t') == []
    assert [clip.build()[label] for label in clip.labels('EXIT only')] == ['exit</w>', 'only</w>']


def test_there_are_49408_classes_whatever_the_data(clip):
    assert clip.build(['some', 'texts']) == clip.build()
    assert len(set(clip.build())) == len(clip.build()) == 49_408


def test_every_script_has_tokens(clip):
    tokens = clip.build()
    decoder = clip.tokenizer.byte_decoder
    for text in ('télérama', '出口', 'ю', '😀'):
        spelt = ''.join(tokens[label] for label in clip.labels(text)).replace('</w>', '')
        assert bytes(decoder[character] for character in spelt).decode() == text


def test_a_text_that_spells_a_special_token_gets_no_special_label(clip):
    labels = clip.labels('<start_of_text> <end_of_text>')
    assert labels and not {49_406, 49_407}.intersection(labels)


def test_labels_stay_the_same_when_the_cache_of_words_is_emptied(clip, monkeypatch):
    before = clip.labels('<start_of_text> breakfast at the station')
    monkeypatch.setattr(token_vocabulary, '_CACHED_WORDS', 2)
    for number in range(5):
        clip.labels(f'word{number}')
        assert len(clip.tokenizer.cache) <= 4
    assert clip.labels('<start_of_text> breakfast at the station') == before


def test_the_tokenizer_comes_without_the_rest_of_open_clip_and_without_our_models():
    code = ('import sys; from mmrice.utils.tokenizers import load_clip_tokenizer as load; assert load().encode("tea"); '
            'print([name for name in ("timm", "torchvision", "open_clip", "mmrice.models") if name in sys.modules])')
    assert subprocess.check_output([sys.executable, '-c', code], text=True).strip() == '[]'


def test_a_file_of_other_merges_gives_other_classes(tmp_path):
    vocabulary = BPEVocabulary(write_merges(tmp_path / 'merges.txt.gz', MERGES))
    tokens = vocabulary.build()
    assert len(tokens) == 2 * 256 + len(MERGES) + 2
    assert [tokens[label] for label in vocabulary.labels('Tea room tear')] == ['tea</w>', 'ro', 'om</w>', 'te', 'a',
                                                                              'r</w>']


def test_a_change_of_the_file_changes_the_fingerprint(tmp_path):
    first = BPEVocabulary(write_merges(tmp_path / 'a.txt.gz')).fingerprint()
    assert BPEVocabulary(write_merges(tmp_path / 'b.txt.gz', MERGES[:3])).fingerprint() != first
    assert BPEVocabulary().fingerprint() not in (first, [])


@pytest.mark.parametrize('content, message', [
    (b'plain text', 'cannot be read as gzipped text'),
    (gzip.compress(b'a heading\nt e\n')[:-9], 'cannot be read as gzipped text'),
    (gzip.compress(b'a heading\nt e\nt e a\n'), r"line 3: 't e a' is no merge")],
    ids=['plain text', 'cut short', 'three words'])
def test_a_damaged_file_of_merges_is_named(tmp_path, content, message):
    path = tmp_path / 'merges.txt.gz'
    path.write_bytes(content)
    with pytest.raises(UserError, match=f'merges.txt.gz: {message}'):
        BPEVocabulary(str(path)).build()


def test_a_missing_file_or_package_is_said_before_any_work(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r'none.txt.gz: no such file.*leave vocab_path out'):
        BPEVocabulary(str(tmp_path / 'none.txt.gz'))
    with pytest.raises(UserError, match='no such folder.*nothing is downloaded'):
        HFTokenizerVocabulary(str(tmp_path / 'none'))
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(UserError, match='needs open_clip, which is not installed.*pip install open_clip_torch'):
        build_part(dict(type='mmrice.BPEVocabulary'), 'label.vocabulary')


@pytest.fixture
def hf_folder(tmp_path):
    """A Hugging Face tokenizer with MERGES."""
    encoder = load_clip_tokenizer(write_merges(tmp_path / 'merges.txt.gz', MERGES)).encoder
    special = {'<start_of_text>': '<|startoftext|>', '<end_of_text>': '<|endoftext|>'}
    folder = tmp_path / 'tokenizer'
    folder.mkdir()
    (folder / 'vocab.json').write_text(json.dumps({special.get(token, token): i for token, i in encoder.items()}))
    (folder / 'merges.txt').write_text('\n'.join(['#version: 0.2', *MERGES]))
    (folder / 'tokenizer_config.json').write_text('{"tokenizer_class": "CLIPTokenizer"}')
    return folder


@needs_transformers
def test_a_hugging_face_tokenizer_of_the_same_merges_gives_the_same_labels(hf_folder, tmp_path):
    theirs, ours = HFTokenizerVocabulary(str(hf_folder)), BPEVocabulary(str(tmp_path / 'merges.txt.gz'))
    assert theirs.build()[:-2] == ours.build()[:-2] and len(theirs.build()) == len(ours.build())
    for text in ('Tea room, tea', 'Télérama', '出口'):
        assert theirs.labels(text) == ours.labels(text) != []
    assert theirs.labels('<|startoftext|> <|endoftext|>') == []


def test_the_files_of_a_hugging_face_tokenizer_are_in_the_fingerprint_and_weights_are_not(hf_folder):
    before = HFTokenizerVocabulary(str(hf_folder)).fingerprint()
    (hf_folder / 'model.safetensors').write_bytes(b'weights')
    assert HFTokenizerVocabulary(str(hf_folder)).fingerprint() == before
    (hf_folder / 'merges.txt').write_text('#version: 0.2\nt e')
    assert HFTokenizerVocabulary(str(hf_folder)).fingerprint() != before


@needs_transformers
def test_a_folder_without_a_tokenizer_is_named(tmp_path):
    with pytest.raises(UserError, match=f'{tmp_path}: cannot be loaded as a Hugging Face tokenizer'):
        HFTokenizerVocabulary(str(tmp_path)).labels('tea')

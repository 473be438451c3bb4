"""What the vocabulary of a config makes of the lines that were read."""
import gzip
import importlib.util
import json
import runpy
import sys
from pathlib import Path

import pytest

from mmrice.data_engine import vocabulary
from mmrice.datasets.shard_format import read_meta, read_regions
from mmrice.registry import ENGINE_STAGES

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'build_region_data.py'
TEXTS = ['Tea room', 'tea', '...', 'TEA bag']
needs_open_clip = pytest.mark.skipif(importlib.util.find_spec('open_clip') is None, reason='needs open_clip_torch')


class SameLines:
    """Reads the same lines in every image."""
    version = 1

    def __call__(self, image):
        return [{'box': [4.0, 4.0, 60.0, 30.0], 'text': text, 'score': 0.9} for text in TEXTS]


@pytest.fixture(autouse=True)
def registered():
    ENGINE_STAGES.register_module(name='SameLines', module=SameLines, force=True)
    yield
    del ENGINE_STAGES._module_dict['SameLines']


@pytest.fixture
def run(engine, tmp_path, monkeypatch, capsys):
    """``run(arguments) -> (exit status, stdout, stderr)`` of the tool."""
    engine.update(propose={'type': 'mmrice.WholeImageProposer'}, ocr={'type': 'mmrice.SameLines'})

    def run(*arguments):
        (tmp_path / 'config.py').write_text(f'engine = {engine!r}\n')
        monkeypatch.setattr(sys, 'argv', ['build_region_data.py', str(tmp_path / 'config.py'), '--out',
                                          str(tmp_path / 'out'), '--num-workers', '0', *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(TOOL), run_name='__main__')
        return ended.value.code or 0, *capsys.readouterr()

    return run


def words_and_labels(out):
    """The classes, and text -> labels of the first image's OCR regions."""
    image = next(iter(read_regions(out / '000000.regions.parquet').values()))
    return json.loads((out / 'ocr_vocab.json').read_text()), {
        text: labels for text, labels, kind in zip(image['texts'], image['labels'], image['kinds']) if kind == 'ocr'}


@needs_open_clip
def test_clip_tokens_label_every_line_and_the_classes_are_those_of_clip(run, engine, tmp_path):
    engine['label'] = {'vocabulary': {'type': 'mmrice.BPEVocabulary'}}
    code, _, err = run()
    assert code == 0, err
    words, labels = words_and_labels(tmp_path / 'out')
    assert {text: [words[label] for label in own] for text, own in labels.items()} == {
        'Tea room': ['tea</w>', 'room</w>'], 'tea': ['tea</w>'], '...': ['...</w>'], 'TEA bag': ['tea</w>', 'bag</w>']}
    meta = read_meta(tmp_path / 'out')
    assert meta['num_classes']['ocr'] == len(words) == 49_408 and meta['num_regions']['ocr'] == 40


@needs_open_clip
def test_build_vocab_takes_the_words_of_the_data_in_place_of_the_vocabulary_of_the_config(run, engine, tmp_path):
    engine['label'] = {'vocabulary': {'type': 'mmrice.BPEVocabulary'}}
    code, _, err = run('--build-vocab')
    assert code == 0, err
    assert words_and_labels(tmp_path / 'out') == (
        ['bag', 'room', 'tea'], {'Tea room': [2, 1], 'tea': [2], 'TEA bag': [2, 0]})
    code, out, _ = run('--build-vocab', '--min-count', 11)  # each word but tea is on ten images
    assert words_and_labels(tmp_path / 'out')[0] == ['tea']
    assert code == 0 and [line.split()[0] for line in out.splitlines() if 'up to date' not in line][0] == 'label'


def test_build_vocab_keeps_the_other_settings_of_a_word_vocabulary(run, engine, tmp_path):
    engine['label'] = {'vocabulary': {'type': 'mmrice.WordVocabulary', 'min_chars': 4}}
    assert run('--build-vocab', '--min-count', 1)[0] == 0
    assert words_and_labels(tmp_path / 'out')[0] == ['room']


def test_a_finished_build_does_not_count_its_words_again(run, tmp_path, monkeypatch):
    assert run()[0] == 0
    with monkeypatch.context() as patch:
        patch.setattr(vocabulary, 'split_words', lambda text: 1 / 0)
        assert run()[0] == 0
    (tmp_path / 'out' / 'ocr_vocab.json').write_text('damaged')
    assert run()[0] == 0
    assert words_and_labels(tmp_path / 'out')[0] == ['bag', 'room', 'tea']


@needs_open_clip
def test_another_file_of_merges_makes_labels_anew(run, engine, tmp_path):
    merges = tmp_path / 'merges.txt.gz'
    merges.write_bytes(gzip.compress(b'a heading\nt e'))
    engine['label'] = {'vocabulary': {'type': 'mmrice.BPEVocabulary', 'vocab_path': str(merges)}}
    assert run()[0] == 0
    assert len(words_and_labels(tmp_path / 'out')[0]) == 2 * 256 + 1 + 2
    merges.write_bytes(gzip.compress(b'a heading\nt e\nte a</w>'))
    code, out, _ = run()
    assert code == 0 and len(words_and_labels(tmp_path / 'out')[0]) == 2 * 256 + 2 + 2
    redone = [line.split()[0] for line in out.splitlines()[:-1] if 'was up to date' not in line]
    assert redone == ['label']


@pytest.mark.parametrize('arguments, message', [
    (['--min-count', 2], '--min-count counts the regions of a word: it needs --build-vocab.'),
    (['--build-vocab', '--min-count', 0], '--min-count is 0, expected 1 or more regions.'),
    (['--build-vocab', '--cfg-options', 'engine.ocr=None'], '--build-vocab: engine.ocr is not set')])
def test_options_that_do_not_fit_are_refused(run, arguments, message):
    code, _, err = run(*arguments)
    assert code == 1 and err.startswith('mmrice: ') and message in err and err.count('\n') == 1

import json

import numpy as np
import pytest

from mmrice.data_engine.build import Build
from mmrice.data_engine.executors import LocalExecutor
from mmrice.datasets.shard_format import read_meta, read_regions, read_table
from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError


def build(engine, out, stages=None):
    return Build(engine, out, LocalExecutor(0)).run(stages)


def rows(out):
    return [row for shard in range(3) for row in read_table(out / f'{shard:06d}.regions.parquet').to_pylist()]


def expected_rows(text_file, size=128):
    """Naive: the lines of the file as rows."""
    found = []
    for line in map(json.loads, text_file.read_text().splitlines()):
        key = f'photos_{line["file_name"][:2]}'
        captions = line['caption'] if isinstance(line['caption'], list) else [line['caption']]
        found += [dict(key=key, box=[0, 0, size, size], kind='caption', score=1, labels=[],
                       text=' '.join(text.split())) for text in captions if text]
        found += [dict(key=key, box=[min(value, 128) * size / 128 for value in region['box']], kind='text', score=1,
                       labels=[], text=region['phrase']) for region in line['regions']]
    return found


def test_captions_and_phrases_become_rows_without_labels(texts, text_file, tmp_path):
    line = build(texts, tmp_path / 'out')
    assert '10 images in 3 shards; 9 captions; 16 phrases with boxes; left out: 1 images' in line
    assert rows(tmp_path / 'out') == expected_rows(text_file)
    meta = read_meta(tmp_path / 'out')
    assert meta['num_regions'] == {'caption': 9, 'text': 16} and meta['num_classes'] == {}
    assert meta['images_without_regions'] == 2 and meta['shards'][0]['kinds'] == {'text+caption': 3}
    assert sorted(path.name for path in (tmp_path / 'out').iterdir() if not path.name.startswith('0')) == [
        '.work', 'meta.json', 'rejects.jsonl']


def test_boxes_and_captions_follow_images_that_ingest_makes_smaller(texts, text_file, tmp_path):
    texts['ingest']['max_edge'] = 64
    build(texts, tmp_path / 'out')
    assert rows(tmp_path / 'out') == expected_rows(text_file, 64)


def test_texts_stand_beside_clustered_regions_and_change_nothing_in_them(engine, texts, text_file, tmp_path):
    build(engine, tmp_path / 'objects')
    line = build({**engine, **texts, 'label': engine['label']}, tmp_path / 'both')
    assert 'object regions in 8 clusters; 0 ocr regions with 0 words; 9 captions; 16 phrases with boxes' in line
    found = rows(tmp_path / 'both')
    assert [row for row in found if row['kind'] == 'object'] == rows(tmp_path / 'objects')
    assert [row for row in found if row['kind'] != 'object'] == expected_rows(text_file)
    kinds = [image['kinds'] for image in read_regions(tmp_path / 'both' / '000001.regions.parquet').values()]
    assert kinds and all(of == sorted(of, key=['object', 'caption', 'text'].index) for of in kinds)
    assert np.array_equal([row['key'] for row in found], sorted(row['key'] for row in found))


def test_only_what_a_changed_file_touches_is_made_anew(texts, text_file, tmp_path, capsys):
    build(texts, tmp_path / 'out')
    dates = {path.name: path.stat().st_mtime_ns for path in (tmp_path / 'out').iterdir()}
    text_file.write_text(text_file.read_text().replace('disc 8', 'a ball'))
    capsys.readouterr()
    build(texts, tmp_path / 'out')
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert 'was up to date' in lines['ingest'] and 'was up to date' not in lines['label']
    anew = {path.name for path in (tmp_path / 'out').glob('0*') if path.stat().st_mtime_ns != dates[path.name]}
    assert anew == {'000002.regions.parquet'}
    assert 'a ball' in [row['text'] for row in rows(tmp_path / 'out')]


def test_captions_alone_are_a_build(texts, tmp_path):
    del texts['ground']
    assert '; 9 captions; left out' in build(texts, tmp_path / 'out')
    assert {row['kind'] for row in rows(tmp_path / 'out')} == {'caption'}


@ENGINE_STAGES.register_module(force=True)
class SignReader:
    version = 1

    def __call__(self, image):
        return [{'box': [1, 2, 30, 40], 'text': 'Open', 'score': 0.5}, {'box': [1, 2, 30, 40], 'text': '?', 'score': 1}]


def test_words_that_were_read_stand_beside_captions_where_nothing_has_a_cluster(texts, text_file, tmp_path):
    label = {'vocabulary': {'type': 'mmrice.WordVocabulary'}}
    line = build({**texts, 'ocr': {'type': 'SignReader'}, 'label': label}, tmp_path / 'out')
    assert '10 ocr regions with 1 words; 9 captions' in line and '10 ocr regions without a known word' in line
    found = rows(tmp_path / 'out')
    assert [row for row in found if row['kind'] != 'ocr'] == expected_rows(text_file)
    assert [row['labels'] for row in found if row['kind'] == 'ocr'] == [[0]] * 10
    meta = read_meta(tmp_path / 'out')
    assert meta['num_classes'] == {'ocr': 1} and meta['shards'][0]['kinds'] == {'ocr': 1, 'ocr+text+caption': 3}


@pytest.mark.parametrize('change, message', [
    ({'ingest': None}, 'engine.ingest is missing'), ({'label': None}, 'engine.label is missing'),
    ({'caption': None, 'ground': None}, 'engine.propose is missing'),
    ({'embed': {'type': 'mmrice.HandcraftedEncoder'}}, 'engine.propose is missing'),
    ({'caption': None, 'phrases': {'type': 'mmrice.PhraseExtractor'}}, 'engine.caption is missing'),
    ({'label': {'top_k': 2}}, 'engine.label.top_k is 2, but')])
def test_an_engine_that_lacks_a_part_is_refused(texts, tmp_path, change, message):
    with pytest.raises(UserError, match=message):
        build({**texts, **change}, tmp_path / 'out')

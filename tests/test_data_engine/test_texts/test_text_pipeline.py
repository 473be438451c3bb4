"""Caption, phrases, ground and label in one build; models are stood in for by parts that see colours."""
import json

import numpy as np
import pytest
import text_stand_ins
from killing import build, state
from PIL import Image

from mmrice.data_engine.build import Build
from mmrice.data_engine.executors import LocalExecutor
from mmrice.datasets.shard_format import read_meta, read_table
from mmrice.utils import UserError

pytest.importorskip('nltk')
pytest.importorskip('textblob')


@pytest.fixture
def drawn(tmp_path):
    """Seven images, the first one grey; gives {(key, phrase): box}."""
    rng, truth = np.random.default_rng(0), {}
    (tmp_path / 'images').mkdir()
    for number in range(7):
        image = np.full((96, 128, 3), 128, np.uint8)
        for place, colour in enumerate(rng.choice(list(text_stand_ins.COLOURS), min(number, 3), replace=False)):
            x, y, side = 40 * place + rng.integers(8), rng.integers(50), rng.integers(12, 32)
            image[y:y + side, x:x + side] = text_stand_ins.COLOURS[colour]
            truth[f'drawn_{number}', f'a {colour} square'] = [x, y, x + side, y + side]
        Image.fromarray(image).save(tmp_path / 'images' / f'{number}.png')
    return truth


@pytest.fixture
def engine(drawn, tmp_path):
    return {'ingest': {'type': 'mmrice.ImageFolders', 'sources': {'drawn': str(tmp_path / 'images')}, 'min_edge': 64,
                       'images_per_shard': 3},
            'caption': {'type': 'ColourCaptioner', 'batch_size': 2}, 'phrases': {'type': 'mmrice.PhraseExtractor'},
            'ground': {'type': 'ColourGrounder', 'batch_size': 2}, 'label': {}}


def rows(out, kind):
    return [row for shard in range(3) for row in read_table(out / f'{shard:06d}.regions.parquet').to_pylist()
            if row['kind'] == kind]


def test_phrases_of_captions_are_found_where_they_were_drawn(engine, drawn, tmp_path):
    build(engine, tmp_path / 'out')
    found = {(row['key'], row['text']): row['box'] for row in rows(tmp_path / 'out', 'text')}
    assert found.keys() == drawn.keys() and len(found) == len(rows(tmp_path / 'out', 'text')) == 15
    for name, box in drawn.items():
        np.testing.assert_allclose(found[name], box, atol=1)  # ingest writes JPEGs
    captions = {row['key']: row for row in rows(tmp_path / 'out', 'caption')}
    assert sorted(captions) == [f'drawn_{number}' for number in range(1, 7)]
    assert all(row['box'] == [0, 0, 128, 96] and row['text'].startswith('A photo of a ') for row in captions.values())
    meta = read_meta(tmp_path / 'out')
    assert meta['num_regions'] == {'caption': 6, 'text': 15} and meta['left_out']['invalid_boxes'] == 7
    assert meta['images_without_regions'] == 1


def test_a_worker_gives_the_same_bytes(engine, tmp_path):
    build(engine, tmp_path / 'here')
    with LocalExecutor(1, imports=['text_stand_ins']) as executor:
        Build(engine, tmp_path / 'worker', executor).run()
    assert state(tmp_path / 'worker') == state(tmp_path / 'here')


@pytest.mark.parametrize('stage, change', [
    ('caption', {'type': 'mmrice.SourceCaptions'}), ('phrases', {'max_phrases': 1}), ('ground', {'batch_size': 1}),
    ('label', {'assign': 1})])
def test_a_text_stage_that_is_killed_before_its_stamp_is_made_anew(engine, tmp_path, kill_before_stamp, stage, change):
    kill_before_stamp(stage, engine, tmp_path / 'out')
    build(engine, tmp_path / 'out')
    build(engine, tmp_path / 'whole')
    expected = state(tmp_path / 'whole')
    assert state(tmp_path / 'out') == expected
    other = {**engine, stage: change if 'type' in change else {**engine[stage], **change}}
    kill_before_stamp(stage, other, tmp_path / 'out')  # the outputs of other settings beside the stamp of the old ones
    build(engine, tmp_path / 'out')
    assert state(tmp_path / 'out') == expected


def test_other_phrases_leave_captions_alone(engine, tmp_path):
    build(engine, tmp_path)
    stamp = tmp_path / '.work' / '000001.caption.stamp.json'
    before = stamp.stat().st_mtime_ns
    build({**engine, 'phrases': {**engine['phrases'], 'max_phrases': 1}}, tmp_path)
    assert stamp.stat().st_mtime_ns == before and len(rows(tmp_path, 'text')) == 6
    assert json.loads((tmp_path / '.work' / '000002.phrases.json').read_text()) != []


def test_a_detector_without_phrases_to_look_for_is_refused(engine, tmp_path):
    del engine['phrases']
    with pytest.raises(UserError, match='engine.phrases is missing from the config: ColourGrounder looks for the phr'):
        build(engine, tmp_path)


@pytest.mark.parametrize('stage', ['caption', 'ground'])
def test_a_part_that_forgets_an_image_is_named(engine, tmp_path, stage):
    engine[stage] = {'type': 'ForgetfulPart', 'batch_size': 2}
    with pytest.raises(UserError, match='000000.tar: ForgetfulPart returned .*1 .* 2 images'):
        build(engine, tmp_path)

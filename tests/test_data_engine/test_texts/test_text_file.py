import pytest

from mmrice.data_engine.captioners import AnnotatedCaptions, SourceCaptions
from mmrice.data_engine.grounders import AnnotatedPhrases
from mmrice.data_engine.text_file import TextFile
from mmrice.utils import UserError


def write(path, *lines):
    path.write_text('\n'.join(lines) + '\n', encoding='utf-8')
    return str(path)


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / 'texts.jsonl', '{"file_name": "a/1.jpg", "caption": "käse"}', '',
                 '{"file_name": "b/1.jpg", "caption": "two"}', '{"file_name": "./b/c/2.jpg", "caption": "three"}',
                 '{"file_name": "2.jpg", "caption": "four"}')


def test_an_image_is_found_by_its_name_or_the_end_of_it(path):
    texts = TextFile(path, 'here')
    found = [texts.find(name).get('caption') for name in ('a/1.jpg', 'b/1.jpg', 'c/2.jpg', '2.jpg', 'x/1.jpg', '3.jpg')]
    assert found == ['käse', 'two', 'three', 'four', None, None]
    with pytest.raises(UserError, match='two images end with 1.jpg: a/1.jpg and b/1.jpg'):
        texts.find('1.jpg')


@pytest.mark.parametrize('line, message', [
    ('{"file_name": ', 'line 2: not valid JSON'), ('["1.jpg"]', "line 2: no 'file_name'"),
    ('{"file_name": 7}', "line 2: no 'file_name'")])
def test_a_line_that_is_no_image_is_named(tmp_path, line, message):
    with pytest.raises(UserError, match=message):
        TextFile(write(tmp_path / 'texts.jsonl', '{"file_name": "a"}', line), 'here')


def record(file='1.jpg', size=(100, 50), **more):
    return {'source': 's', 'file': file, 'size': list(size), 'source_size': [100, 50], **more}


def test_captions_are_those_of_the_file_or_of_the_source(path, tmp_path):
    captions = AnnotatedCaptions({'s': path})
    records = [record('c/2.jpg'), record('9.jpg'), record('a/1.jpg', source='other')]
    assert captions([None] * 3, records) == [['three'], [], []]
    assert SourceCaptions()([None] * 2, [record(caption='alt text'), record()]) == [['alt text'], []]
    wrong = write(tmp_path / 'wrong.jsonl', '{"file_name": "1.jpg", "caption": [1]}')
    with pytest.raises(UserError, match=r'caption of 1.jpg is \[1\], expected a text'):
        AnnotatedCaptions({'s': wrong})([None], [record()])


def phrases(tmp_path, regions):
    return {'s': write(tmp_path / 'regions.jsonl', f'{{"file_name": "1.jpg", "regions": {regions}}}')}


def test_boxes_follow_the_size_of_the_stored_image_and_impossible_ones_are_counted(tmp_path):
    files = phrases(tmp_path, '[{"box": [10, 20, 110, 40], "phrase": " a bar "}, {"box": [5, 5, 5, 9], "phrase": "x"},'
                    ' {"box": [0, 0, 9, 9], "phrase": ""}, {"box": [100, 0, 120, 9], "phrase": "x"}]')
    found, = AnnotatedPhrases(files)([None], [record(size=(50, 25))], [[]])
    assert found.boxes.tolist() == [[5, 10, 50, 20]] and found.phrases == ['a bar'] and found.scores.tolist() == [1]
    assert found.invalid == 3
    with pytest.raises(UserError, match='region 1 of 1.jpg: box .* has no area. Set engine.ground.invalid'):
        AnnotatedPhrases(files, invalid='error')([None], [record()], [[]])


@pytest.mark.parametrize('region', ['{"box": [1, 2, 3, 4]}', '{"box": ["a", 2, 3, 4], "phrase": "x"}', '7'])
def test_a_region_without_box_or_phrase_is_refused(tmp_path, region):
    with pytest.raises(UserError, match='region 0 of 1.jpg: .* has no (box of numbers|phrase)'):
        AnnotatedPhrases(phrases(tmp_path, f'[{region}]'))([None], [record()], [[]])


@pytest.mark.parametrize('files, message', [('texts.jsonl', 'expected a dict with a path for each source'),
                                            ({'s': '/none.jsonl'}, '/none.jsonl: no such file of captions or phrases')])
def test_wrong_files_are_refused(files, message):
    with pytest.raises(UserError, match=message):
        AnnotatedCaptions(files).fingerprint()

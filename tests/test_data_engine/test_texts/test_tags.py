import pytest

from mmrice.data_engine.tags import AnnotatedTags, TagList, TagVocabulary, TextTags
from mmrice.data_engine.tags.names import read_names, tidy_tags
from mmrice.utils import UserError

pytest.importorskip('nltk')
pytest.importorskip('textblob')


def write(path, text):
    path.write_text(text, encoding='utf-8')
    return str(path)


@pytest.mark.parametrize('texts, expected', [
    (['A black dog, a goose and two deck chairs in front of gravel and forest.'],
     ['black dog', 'goose', 'deck chair', 'gravel', 'forest']),
    (['a black dog at the bottom'], ['black dog']),
    (['A Dog.', 'The dog and grass'], ['dog', 'grass']),
    (['a jeep with the words "CASTLE" and “SEA SIDE”.'], ['jeep', 'word']), ([], []), (['and so on'], [])])
def test_tags_are_the_nouns_of_a_text_with_their_adjectives_in_the_singular(texts, expected):
    assert TextTags().tags_of(texts) == expected


def test_adjectives_can_be_left_out():
    assert TextTags(adjectives=False).tags_of(['a black dog on green grass']) == ['dog', 'grass']


def test_tags_of_a_list_are_its_longest_names_in_the_text(tmp_path):
    names = write(tmp_path / 'names.txt', 'dog\nHot  Dog\ndeck chair\ngrass\nchair\n')
    tags = TextTags(names).tags_of
    assert tags(['A hot dog, two deck chairs; grass! Hot chairs.']) == ['hot dog', 'deck chair', 'grass', 'chair']
    assert tags(['hotdog', 'a hot cat, the doghouse']) == []


def test_what_an_image_says_is_no_tag_of_a_list_either(tmp_path):
    assert TextTags(write(tmp_path / 'names', 'dog\nsign')).tags_of(['a "STOP" sign with "dog" and “dog”']) == ['sign']


@pytest.mark.parametrize('names, message', [
    ('c\nC++', r"names: 'c\+\+' cannot be found in texts, .*: '\+' is no part of one"), ('c#', "'#' is no part"),
    ('dog\n?!', r"names: '\?!' cannot be found in texts, .*: it has none"),
    ('t-shirt\nt shirt', "names: 't-shirt' and 't shirt' have the same words")])
def test_a_name_that_its_words_cannot_find_is_refused(tmp_path, names, message):
    with pytest.raises(UserError, match=message):
        TextTags(write(tmp_path / 'names', names))


def test_punctuation_of_names_makes_no_difference(tmp_path):
    tags = TextTags(write(tmp_path / 'names', "t-shirt\nst. bernard\nteacher's desk\nhot_dog")).tags_of
    assert tags(["A St Bernard in a T shirt", "a hot-dog on the teacher’s desk"]) == [
        'st. bernard', 't-shirt', 'hot_dog', "teacher's desk"]


def test_images_get_tags_of_their_captions_and_regions_those_of_their_phrases():
    region = {'box': [1, 2, 3, 4], 'text': 'a goose', 'score': 0.5, 'number': 7}
    found = TextTags()([None] * 2, [{}] * 2, [['a dog', 'a cat'], []], [[], [region, {**region, 'text': 'so'}]])
    assert [one.image for one in found] == [['dog', 'cat'], []] and found[1].regions == [['goose'], []]
    assert found[1].boxes.tolist() == [[1, 2, 3, 4]] * 2 and found[1].scores.tolist() == [0.5, 0.5]
    assert found[1].numbers == [7, 7]


def record(file='1.jpg', size=(100, 50), source='s'):
    return {'source': source, 'file': file, 'size': list(size), 'source_size': [100, 50]}


def test_annotated_tags_are_those_of_the_file_with_boxes_at_the_size_of_the_stored_image(tmp_path):
    files = {'s': write(tmp_path / 'a.jsonl', '{"file_name": "1.jpg", "tags": ["Dog", "sea"], "regions": [{"box": '
                        '[10, 20, 110, 40], "tags": ["dog"], "phrase": "it"}, {"box": [0, 0, 9, 9], "phrase": "x"}, '
                        '{"box": [5, 5, 5, 9], "tags": ["sea"]}]}')}
    records = [record(size=(50, 25)), record('2.jpg'), record(source='other')]
    found = AnnotatedTags(files)([None] * 3, records, [[]] * 3, [[]] * 3)
    assert [one.image for one in found] == [['Dog', 'sea'], [], []] and found[0].regions == [['dog'], []]
    assert found[0].boxes.tolist() == [[5, 10, 50, 20], [0, 0, 4.5, 4.5]] and not len(found[1].boxes)
    assert [one.invalid for one in found] == [1, 0, 0]
    with pytest.raises(UserError, match='region 2 of 1.jpg: box .* has no area. Set engine.tag.invalid'):
        AnnotatedTags(files, invalid='error')([None], [record()], [[]], [[]])


@pytest.mark.parametrize('line, message', [
    ('{"file_name": "1.jpg", "tags": "dog"}', "1.jpg: tags is 'dog', expected a list of names"),
    ('{"file_name": "1.jpg", "regions": [{"box": [0, 0, 1, 1], "tags": [7]}]}', r'region 0 of 1.jpg: tags is \[7\]')])
def test_tags_that_are_no_names_are_refused(tmp_path, line, message):
    with pytest.raises(UserError, match=message):
        AnnotatedTags({'s': write(tmp_path / 'a.jsonl', line)})([None], [record()], [[]], [[]])


def test_the_vocabulary_of_the_data_has_the_names_of_enough_images_the_most_frequent_ones():
    images = [['dog', 'sea'], ['dog', 'cat', 'cat'], ['cat', 'dog'], ['sea'], ['gull']]
    assert TagVocabulary().build(images) == ['cat', 'dog', 'sea']
    assert TagVocabulary(min_count=1).build(images) == ['cat', 'dog', 'gull', 'sea']
    assert TagVocabulary(max_tags=2).build(iter(images)) == ['cat', 'dog']  # of equals the first by alphabet
    with pytest.raises(UserError, match='engine.label.tags: min_count is 0'):
        TagVocabulary(min_count=0)


def test_a_given_list_keeps_its_order_and_depends_on_its_names_alone(tmp_path):
    one, other = (TagList(write(tmp_path / name, text)) for name, text in (('a', 'sea\n\n Black  DOG \n'),
                                                                          ('b', 'sea\nblack dog')))
    assert one.build([['cat']]) == ['sea', 'black dog'] and one.fingerprint() == other.fingerprint()
    assert TagList(write(tmp_path / 'c', 'sea\ndog')).fingerprint() != one.fingerprint()
    assert tidy_tags([' ', 'A  b', 'a B']) == ['a b']


@pytest.mark.parametrize('text, message', [
    ('a\nb\n A ', "lines 1 and 3 both say 'a'"), ('\n \n', 'no name in it'), (None, 'no such file of names'),
    (b'\xff\xfe\xfa', 'not UTF-8')])
def test_a_list_that_is_none_is_refused(tmp_path, text, message):
    if isinstance(text, bytes):
        (tmp_path / 'names').write_bytes(text)
    elif text is not None:
        write(tmp_path / 'names', text)
    with pytest.raises(UserError, match=message):
        read_names(str(tmp_path / 'names'), 'engine.tag.names')

import json

import pytest

from mmrice.data_engine.ocr_report import compare_image, read_truth, regions_by_image, summarise, summarise_by_height
from mmrice.data_engine.workspace import Workspace, write_json, write_tar
from mmrice.datasets.shard_format import regions_path, write_meta, write_regions
from mmrice.utils import UserError

EXIT, CAFE = ('EXIT', [0, 0, 40, 20]), ('Café', [60, 0, 100, 20])


def test_words_are_right_whatever_their_case_and_each_known_one_is_found_once():
    known, read = compare_image([EXIT, CAFE], [('exit', [0, 0, 40, 20]), ('EXIT Exit', [0, 2, 40, 20])], True)
    assert [word.found for word in known] == [True, False]
    assert [word.right for word in read] == [True, False, False]


def test_the_best_overlap_finds_a_word_that_is_known_twice():
    twice = [('SALE', [0, 0, 40, 20]), ('SALE', [0, 30, 40, 50])]
    known, _ = compare_image(twice, [('sale', [0, 15, 40, 50]), ('sale', [0, 0, 40, 32])], True)
    assert [word.iou for word in known] == pytest.approx([20 / 32, 20 / 35])


def test_the_right_word_at_another_place_is_not_right():
    known, read = compare_image([EXIT], [('exit', [0, 21, 40, 41])], True)
    assert not known[0].found and not read[0].right and read[0].elsewhere


def test_a_line_is_compared_with_the_hull_of_all_words_that_it_reads():
    known, read = compare_image([EXIT, CAFE], [('exit café', [0, 0, 100, 20])], True)
    assert [word.iou for word in known] == [1, 1] and all(word.right for word in read)
    known, _ = compare_image([EXIT, CAFE], [('exit cafe', [0, 0, 100, 20])], True)  # another word
    assert [word.iou for word in known] == [pytest.approx(0.4), None]


def test_a_list_of_some_words_says_nothing_of_precision_or_boxes():
    known, read = compare_image([('exit', None), ('bar', None)], [('exit now', [0, 0, 9, 9])], False)
    assert summarise(known, read) == {'known': 2, 'found': 1, 'read': 2, 'elsewhere': None, 'recall': 50.0,
                                      'precision': None, 'iou': None}


def test_an_image_that_is_known_to_have_no_words_counts_for_precision():
    known, read = compare_image([], [('exit', [0, 0, 9, 9])], True)
    assert summarise(known, read)['precision'] == 0.0 and summarise(known, read)['recall'] is None
    assert compare_image([EXIT], [], True)[0][0].found is False


def test_known_words_are_sorted_by_their_own_height_and_read_ones_by_theirs():
    known, read = compare_image([EXIT], [('exit', [0, 0, 40, 30])], True)
    rows = {row.pop('height'): row for row in summarise_by_height(known, read)}
    assert list(rows) == ['16 to 24 px', '24 to 32 px']
    assert (rows['16 to 24 px']['recall'], rows['16 to 24 px']['precision']) == (100.0, None)
    assert (rows['24 to 32 px']['recall'], rows['24 to 32 px']['precision']) == (None, 100.0)


@pytest.fixture
def build(tmp_path):
    """Two images, the second stored at half its size, with an object and two OCR regions."""
    space = Workspace(tmp_path / 'out')
    space.work('x').parent.mkdir(parents=True)
    write_tar(space.tar('000000'), [('s_a', b''), ('s_b', b'')])
    images = [{'key': f's_{name}', 'source': 's', 'file': f'{name}.jpg', 'size': size, 'source_size': [200, 100]}
              for name, size in (('a', [200, 100]), ('b', [100, 50]))]
    write_json(space.work('000000', 'ingest', 'json'), {'images': images, 'rejects': []})
    write_regions(regions_path(space.tar('000000')), [
        {'key': key, 'box': [2, 4, 6, 8], 'kind': kind, 'score': 1, 'labels': [0], 'text': text}
        for key, kind, text in (('s_a', 'ocr', 'tea'), ('s_b', 'object', ''), ('s_b', 'ocr', 'room'))])
    write_meta(space.root, {'schema_version': 1, 'num_shards': 1, 'num_images': 2, 'num_regions': {}, 'num_classes': {},
                            'made_by': {}})
    return space


def test_the_regions_of_a_build_come_with_their_files_in_px_of_the_source(build):
    wanted = {'s': {'a.jpg', 'b.jpg'}, 't': {'a.jpg'}}
    assert list(regions_by_image(build.root, wanted)) == [('s', 'a.jpg', [('tea', [2, 4, 6, 8])]),
                                                          ('s', 'b.jpg', [('room', [4, 8, 12, 16])])]
    assert list(regions_by_image(build.root, {'s': {'c.jpg'}})) == []


def test_a_copy_without_the_notes_of_the_build_is_refused(build):
    build.work('000000', 'ingest', 'json').unlink()
    with pytest.raises(UserError, match='000000.ingest.json: no such file.*folder in which the build ran'):
        list(regions_by_image(build.root, {'s': {'a.jpg'}}))


def test_known_words_are_read_from_lines_with_boxes_or_from_lists(tmp_path):
    line = {'file_name': 'a.jpg', 'words': [{'text': 'TEA', 'box': [1, 2, 3, 4], 'polygon': []}], 'caption': 'A tea.'}
    (tmp_path / 'words.jsonl').write_text(json.dumps(line) + '\n\n')
    (tmp_path / 'words.json').write_text('{"a.jpg": ["TEA"]}')
    assert read_truth(tmp_path / 'words.jsonl') == (True, {'a.jpg': [('TEA', [1, 2, 3, 4])]})
    assert read_truth(tmp_path / 'words.json') == (False, {'a.jpg': [('TEA', None)]})


@pytest.mark.parametrize('name, content', [('a.jsonl', '{"file_name": "a.jpg"}'), ('a.json', '["TEA"]'),
                                           ('a.json', '{"a'), ('a.jsonl', '[]')])
def test_a_file_of_another_form_is_named(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=f'{name}: not in the form of known words.*Expected .jsonl'):
        read_truth(tmp_path / name)

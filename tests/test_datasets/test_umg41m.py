import json

import numpy as np
import pytest

from mmrice.data_engine.maskers.coco_masks import encode_mask
from mmrice.datasets.umg41m import Mapping, convert, describe, find_jsons, parse_fields
from mmrice.utils import UserError

FIELDS = ['caption=text.long,text.short', 'tags=names', 'regions=things,stuff', 'box=bbox', 'phrase=says',
          'region_tags=classes', 'mask=rle']


def rle(x1, y1, x2, y2):
    mask = np.zeros((20, 30), bool)
    mask[y1:y2, x1:x2] = True
    return {'size': [20, 30], 'counts': encode_mask(mask)}


SEA = {'bbox': [0, 8, 30, 20], 'says': ['the sea', 'blue water'], 'classes': ['sea'], 'rle': rle(0, 8, 30, 20)}
DOG = {'bbox': [2, 3, 9, 9], 'says': 'a dog', 'classes': 'dog', 'rle': None}
WHOLE = {'text': {'long': ['A dog at the sea.', ' '], 'short': 'Holidays'}, 'names': ['dog', 'sea'],
         'things': [DOG], 'stuff': [SEA]}


@pytest.fixture
def root(tmp_path):
    """Two images, one of them there."""
    folder = tmp_path / 'umg'
    (folder / 'cc3m' / '00').mkdir(parents=True)
    (folder / 'cc3m' / '00' / '1.jpg').touch()
    write(folder, '1', WHOLE)
    write(folder, '2', {**WHOLE, 'things': [], 'stuff': []})
    return folder


def write(folder, name, content):
    (folder / 'cc3m' / '00' / f'{name}.json').write_text(json.dumps(content))


def run(root, fields=FIELDS, **kwargs):
    counts = convert(root, Mapping(parse_fields(fields), **kwargs), root.parent / 'out.jsonl')
    return [json.loads(line) for line in (root.parent / 'out.jsonl').read_text().splitlines()], counts


def test_each_json_becomes_a_line_with_the_named_fields_and_the_name_of_its_image(root):
    (first, second), counts = run(root)
    assert first == {
        'file_name': 'cc3m/00/1.jpg', 'caption': ['A dog at the sea.', 'Holidays'], 'tags': ['dog', 'sea'], 'regions': [
            {'box': [2, 3, 9, 9], 'tags': ['dog'], 'phrase': 'a dog'},
            {'box': [0, 8, 30, 20], 'mask': SEA['rle'], 'tags': ['sea'], 'phrase': 'the sea'},
            {'box': [0, 8, 30, 20], 'mask': SEA['rle'], 'phrase': 'blue water'}]}
    assert second == {**first, 'file_name': 'cc3m/00/2.png', 'regions': []}
    assert counts == {'images': 2, 'captions': 4, 'regions': 3, 'left_out': 0, 'missing': 0, 'without_image': 1}


def test_boxes_can_be_corner_and_size_or_those_of_the_masks(root):
    write(root, '1', {'stuff': [{**SEA, 'bbox': [2, 3, 9, 9]}]})
    write(root, '2', {'stuff': [{**SEA, 'rle': [[2.5, 3, 9, 3, 9, 12]]}]})
    fields = ['regions=stuff', 'phrase=says', 'mask=rle']
    assert run(root, [*fields, 'box=bbox'], boxes='xywh')[0][0]['regions'][0]['box'] == [2, 3, 11, 12]
    assert [line['regions'][0]['box'] for line in run(root, fields)[0]] == [[0, 8, 30, 20], [2.5, 3, 9, 12]]


def test_a_region_that_says_nothing_or_has_no_box_is_left_out_and_counted(root):
    write(root, '1', {'stuff': [{'bbox': [0, 0, 1, 1], 'says': [], 'classes': ['sea']}, {'bbox': [0, 0, 1, 1]},
                             {'says': 'a dog', 'classes': []}]})
    (first, _), counts = run(root, ['regions=stuff', 'box=bbox', 'phrase=says', 'region_tags=classes'],
                             skip_missing=True)
    assert first['regions'] == [{'box': [0, 0, 1, 1], 'tags': ['sea']}]
    assert (counts['left_out'], counts['missing']) == (2, 3)


def test_jsons_come_folder_by_folder_in_order(root):
    names = ['9.json', 'a/1.json', 'a/2.json', 'a/b/1.json', 'c/0.json', 'cc3m/00/1.json', 'cc3m/00/2.json']
    for name in reversed(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    found = find_jsons(root)
    assert next(found) == root / names[0]
    (root / 'c' / '0.json').unlink()  # nobody has looked there yet
    assert [path.relative_to(root).as_posix() for path in found] == [*names[1:4], *names[5:]]
    with pytest.raises(UserError, match='no .json in it'):
        next(find_jsons(root / 'none'))


@pytest.mark.parametrize('change, message', [
    ({'names': 7}, '2.json: names is 7, expected a text or a list'),
    ({'text': {'long': 'x'}}, r"2.json: no field 'text.short' \(--fields caption\)"),
    ({'things': [{**DOG, 'bbox': [1, 2, 3]}]}, r'2.json: region 0: bbox is \[1, 2, 3\], expected four numbers'),
    ({'stuff': 'x'}, '2.json: stuff is "x", expected a list of regions'),
    ({'stuff': ['x']}, "2.json: region 0: no field 'rle'")])
def test_a_json_that_is_otherwise_is_named_with_its_field_and_leaves_no_file(root, change, message):
    write(root, '2', {**WHOLE, 'things': [], 'stuff': [], **change})
    with pytest.raises(UserError, match=message):
        run(root)
    assert not (root.parent / 'out.jsonl').exists()


@pytest.mark.parametrize('fields, message', [
    (['caption'], 'caption: expected OURS=THEIRS'), (['title=x'], 'title=x: expected'), (['tags='], 'expected OURS'),
    (['tags=a', 'tags=b'], 'each once'), (['box=x'], 'say which field is the list of regions'),
    (['regions=x', 'phrase=y'], 'needs box=THEIRS or mask=THEIRS')])
def test_a_mapping_that_cannot_be_is_refused(fields, message):
    with pytest.raises(UserError, match=message):
        parse_fields(fields)


def test_the_fields_of_a_json_are_shown_by_the_names_that_the_mapping_takes():
    shown = dict(line.split(': ', 1) for line in describe(WHOLE))
    assert list(shown) == ['text.long', 'text.short', 'names', 'things', 'stuff']
    assert shown['stuff'] == 'list of 1 objects with bbox, says, classes, rle' and shown['text.short'] == '"Holidays"'

import json

import pytest

from mmrice.data_engine import coco_file
from mmrice.data_engine.coco_file import iter_annotations, iter_images, iter_list
from mmrice.utils import UserError

COCO = {
    'info': {'year': 2017, 'note': '[{"é\\'}, 'numbers': [12, 345, -6.5e-1, True],
    'annotations': [{'id': 5, 'image_id': 1, 'bbox': [1, 2, 3.5, 4e1], 'segmentation': [[1, 2], []]}],
    'images': [{'id': 1, 'file_name': 'a ü.jpg'}, {'id': 'x', 'file_name': 'b.jpg'}], 'empty': [], 'categories': None}


@pytest.mark.parametrize('chunk', [1, 2, 7, 1 << 20])
@pytest.mark.parametrize('layout', [{}, {'indent': 3}, {'separators': (',', ':'), 'ensure_ascii': False}])
def test_lists_come_as_json_reads_them_wherever_the_chunks_end(tmp_path, monkeypatch, chunk, layout):
    monkeypatch.setattr(coco_file, '_CHUNK', chunk)
    (tmp_path / 'c.json').write_text('\ufeff' + json.dumps(COCO, **layout) + '\n', encoding='utf-8')
    for name in ('annotations', 'images', 'numbers', 'empty'):
        assert list(iter_list(tmp_path / 'c.json', name)) == COCO[name]
    assert list(iter_images(tmp_path / 'c.json')) == COCO['images']
    assert list(iter_annotations(tmp_path / 'c.json')) == COCO['annotations']


def test_a_file_is_read_as_far_as_it_is_asked_for(tmp_path):
    (tmp_path / 'c.json').write_text('{"images": [1, 2], "annotations": [{' + ' ' * (3 << 20) + 'cut off')
    assert list(iter_list(tmp_path / 'c.json', 'images')) == [1, 2]
    with pytest.raises(UserError, match='c.json: no COCO detection annotations'):
        list(iter_list(tmp_path / 'c.json', 'annotations'))


@pytest.mark.parametrize('text, message', [
    ('{"annotations": []}', "c.json: field 'images' is missing"), ('{"images": [', 'no COCO detection annotations'),
    ('[]', "no COCO detection annotations .expected '{', found '\\['"),
    ('', "expected '{', found 'the end of the file'"),
    ('{"images": {}}', "field 'images' is missing"), ('{"images": [{"id": 1}]}', r"images\[0\] has no 'file_name'"),
    ('{"images": [{"id": 1, "file_name": 7}]}', r"images\[0\] has no 'file_name', or of a wrong type"),
    ('{"images": [7]}', r"images\[0\] has no 'id'"), ('{"info": [1 2]}', "expected ',', found '2'")])
def test_a_foreign_file_is_named_with_what_is_wrong(tmp_path, text, message):
    (tmp_path / 'c.json').write_text(text)
    with pytest.raises(UserError, match=message):
        list(iter_images(tmp_path / 'c.json'))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match='c.json: no such annotation file'):
        list(iter_images(tmp_path / 'c.json'))

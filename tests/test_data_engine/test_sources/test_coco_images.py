import json

import pytest

from mmrice.data_engine.sources import CocoImages
from mmrice.utils import UserError


def write_coco(path, files):
    path.write_text(json.dumps({'images': [{'id': number, 'file_name': file} for number, file in enumerate(files)]}))
    return str(path)


def test_the_listed_images_are_taken_in_order_and_missing_ones_are_rejects(pictures, tmp_path, load):
    coco = write_coco(tmp_path / 'c.json', ['b/0.png', 'gone.jpg', 'a/1.jpg'])
    keys, kept, left = load(CocoImages({'coco': dict(ann_file=coco, root=str(pictures))}, min_edge=8))
    assert keys == ['coco_b_0', 'coco_a_1'] and left == [('gone.jpg', 'missing: no such file')]
    assert kept[0].record['source'] == 'coco' and kept[0].record['file'] == 'b/0.png'  # what finds its boxes


def test_a_wrong_root_is_an_error_and_not_thousands_of_rejects(pictures, tmp_path):
    coco = write_coco(tmp_path / 'c.json', ['b/0.png', 'a/1.jpg'])
    with pytest.raises(UserError, match='none of its 2 images is in .*elsewhere. Build it with: make coco'):
        list(CocoImages({'x': dict(ann_file=coco, root=str(tmp_path / 'elsewhere'))}, hint='make coco').plan())
    with pytest.raises(UserError, match=r"none.json: no such annotation file \(source 'x'\)"):
        list(CocoImages({'x': dict(ann_file=str(tmp_path / 'none.json'), root=str(pictures))}).plan())


def test_a_source_needs_a_file_and_a_folder():
    with pytest.raises(UserError, match=r"engine.ingest.sources.x is 'c.json', expected dict\(ann_file="):
        CocoImages({'x': 'c.json'})
    with pytest.raises(UserError, match='sources is empty'):
        CocoImages({})

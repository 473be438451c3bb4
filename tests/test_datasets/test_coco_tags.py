import json

import pytest

from mmrice.utils import UserError

pytest.importorskip('mmpretrain')
IMAGES = [dict(id=7, file_name='b.jpg'), dict(id='x', file_name='sub/a.jpg'), dict(id=1, file_name='c.jpg')]
CATEGORIES = [dict(id=30, name='dog'), dict(id=4, name='cat'), dict(id=9, name='cow')]
SHOWN = [(7, 9, 0), (1, 4, 0), (7, 30, 1), (7, 9, 0)]  # image, category, crowd


def build(folder, classes=None, **changes):
    from mmrice.datasets.coco_tags import CocoTags
    boxes = [dict(image_id=image, category_id=category, iscrowd=crowd, bbox=[0, 0, 1, 1])
             for image, category, crowd in SHOWN]
    content = {**dict(images=IMAGES, annotations=boxes, categories=CATEGORIES), **changes}
    (folder / 'tags.json').write_text(json.dumps(content))
    return CocoTags(ann_file='tags.json', data_root=str(folder), data_prefix='val', pipeline=[], classes=classes)


def test_an_image_has_the_set_of_the_classes_of_its_boxes_crowds_included(tmp_path):
    data = build(tmp_path)
    assert data.metainfo['classes'] == ('dog', 'cat', 'cow')
    found = [(item['img_path'], item['gt_label'].tolist()) for item in data]
    assert found == [(f'{tmp_path}/val/b.jpg', [0, 2]), (f'{tmp_path}/val/sub/a.jpg', []),
                     (f'{tmp_path}/val/c.jpg', [1])]
    assert data.get_cat_ids(0).tolist() == [0, 2]


def test_classes_that_are_asked_for_are_numbered_in_their_order_and_others_are_left_out(tmp_path):
    for classes, expected in ((['cow', 'cat', 'dog'], [[0, 2], [], [1]]), (('cat', ), [[], [], [0]])):
        data = build(tmp_path, classes)
        assert data.metainfo['classes'] == tuple(classes)
        assert [item['gt_label'].tolist() for item in data] == expected


def test_a_class_that_no_category_is_called_and_a_category_without_a_name_are_named(tmp_path):
    with pytest.raises(UserError, match="tags.json: no category is called 'kitten'.*such as dog, cat, cow."):
        build(tmp_path, ['cat', 'kitten'])
    with pytest.raises(UserError, match=r"tags.json: categories\[1\] has no 'name'"):
        build(tmp_path, categories=[CATEGORIES[0], dict(id=4)])


def test_an_annotation_of_nothing_and_a_file_of_another_kind_are_named(tmp_path):
    with pytest.raises(UserError, match=r"tags.json: annotations\[1\] has image_id 7 and category_id 5, expected"):
        build(tmp_path, annotations=[dict(image_id=7, category_id=category, bbox=[]) for category in (4, 5)])
    with pytest.raises(UserError, match=r'annotations\[0\] has image_id 8'):
        build(tmp_path, annotations=[dict(image_id=8, category_id=4, bbox=[])])
    with pytest.raises(UserError, match="tags.json: .*categories"):
        build(tmp_path, categories=3)

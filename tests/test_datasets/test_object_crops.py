import json

import pytest

from mmrice.utils import UserError

pytest.importorskip('mmpretrain')


@pytest.fixture
def objects(tmp_path):
    """``objects(classes=...) -> labels`` of a dog, a cat, a crowd and a small cat."""
    from mmrice.datasets.object_crops import ObjectCrops
    boxes = [(7, [0, 0, 9, 9], 0), (3, [2, 2, 8, 8], 0), (7, [0, 0, 9, 9], 1), (3, [0, 0, 2, 9], 0)]
    content = dict(images=[dict(id=1, file_name='a.jpg')], categories=[dict(id=7, name='dog'), dict(id=3, name='cat')],
                   annotations=[dict(image_id=1, category_id=category, bbox=box, iscrowd=crowd)
                                for category, box, crowd in boxes])

    def load(categories=None, **options):
        file = tmp_path / 'a.json'
        file.write_text(json.dumps({**content, 'categories': categories or content['categories']}))
        return [item['gt_label'] for item in ObjectCrops(ann_file=str(file), pipeline=[], **options)]

    return load


def test_labels_follow_the_file_or_the_classes_that_are_asked_for(objects):
    assert objects() == [0, 1, 1] and objects(min_side=5) == [0, 1]
    assert objects(classes=['cat', 'dog']) == [1, 0, 0]
    assert objects(classes=['cat']) == [0, 0]


def test_an_object_of_no_category_is_one_clear_error(objects):
    with pytest.raises(UserError, match="is not a detection file in COCO's format"):
        objects([dict(id=7, name='dog')])

import importlib.util
import json

import numpy as np
import pytest

from mmrice.data_engine.proposers import AnnotationProposer, SelectiveSearchProposer, WholeImageProposer
from mmrice.utils import UserError

RECORD = {'key': 'a', 'source': 'x', 'file': 'a.jpg', 'size': [128, 128], 'source_size': [256, 256]}
GOOD, INVERTED, OUTSIDE, CUT = [20, 40, 100, 60], [50, 50, -20, 30], [400, 10, 50, 50], [200, 200, 100, 100]


def write_coco(path, boxes, size=(256, 256)):
    annotations = [{'id': 7 + i, 'image_id': 1, 'bbox': box} for i, box in enumerate(boxes)]
    images = [{'id': 1, 'file_name': 'a.jpg', 'width': size[0], 'height': size[1]}]
    path.write_text(json.dumps({'images': images, 'annotations': annotations}))
    return str(path)


def test_selective_search_returns_valid_boxes_of_the_asked_size_and_number(image):
    propose = SelectiveSearchProposer(work_edge=96, min_edge=16, max_regions=5, nms_iou=0.5)
    boxes, scores, invalid = propose(image, RECORD)
    assert 1 <= len(boxes) <= 5 and len(scores) == len(boxes) and invalid == 0
    assert (boxes[:, 2:] - boxes[:, :2]).min() >= 16 and boxes.min() >= 0 and boxes.max() <= 128
    assert (np.diff(scores) <= 0).all()


def test_selective_search_repeats_exactly(image):
    first, second = (SelectiveSearchProposer(min_edge=16)(image, RECORD) for _ in range(2))
    np.testing.assert_array_equal(first.boxes, second.boxes)


def test_without_scikit_image_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(UserError, match='SelectiveSearchProposer needs scikit-image.*pip install'):
        SelectiveSearchProposer()


def test_a_tiny_image_has_no_regions_of_128_px(image):
    boxes, scores, _ = SelectiveSearchProposer(max_area=1)(image[:20, :20], RECORD)
    assert boxes.shape == (0, 4) and scores.shape == (0,)


def test_annotated_boxes_are_scaled_and_cut_to_the_stored_image(tmp_path, image):
    propose = AnnotationProposer({'x': write_coco(tmp_path / 'c.json', [GOOD, CUT])}, min_edge=8)
    np.testing.assert_array_equal(propose(image, RECORD).boxes, [[10, 20, 60, 50], [100, 100, 128, 128]])


def test_invalid_annotated_boxes_are_dropped_and_counted(tmp_path, image):
    propose = AnnotationProposer({'x': write_coco(tmp_path / 'c.json', [INVERTED, GOOD, OUTSIDE])}, min_edge=8)
    found = propose(image, RECORD)
    assert found.invalid == 2 and len(found.boxes) == 1


@pytest.mark.parametrize('box, message', [(INVERTED, 'annotation 7 of a.jpg: .* has no area'),
                                          (OUTSIDE, 'lies outside its image of 256 x 256 px')])
def test_invalid_annotated_boxes_stop_the_build_when_asked(tmp_path, image, box, message):
    propose = AnnotationProposer({'x': write_coco(tmp_path / 'c.json', [box])}, invalid='error')
    with pytest.raises(UserError, match=message):
        propose(image, RECORD)


def test_images_of_other_sources_and_without_annotations_have_no_boxes(tmp_path, image):
    propose = AnnotationProposer({'x': write_coco(tmp_path / 'c.json', [GOOD])}, min_edge=8)
    assert len(propose(image, {**RECORD, 'source': 'y'}).boxes) == 0
    assert len(propose(image, {**RECORD, 'file': 'b.jpg'}).boxes) == 0


def test_annotations_that_change_change_the_fingerprint(tmp_path):
    propose = AnnotationProposer({'x': write_coco(tmp_path / 'c.json', [GOOD])})
    before = propose.fingerprint()
    write_coco(tmp_path / 'c.json', [CUT])
    assert propose.fingerprint() != before


def test_a_missing_annotation_file_is_named_and_a_wrong_setting_refused(tmp_path):
    with pytest.raises(UserError, match='none.json: no such annotation file'):
        AnnotationProposer({'x': str(tmp_path / 'none.json')}).fingerprint()
    with pytest.raises(UserError, match="expected 'drop' or 'error'"):
        AnnotationProposer({}, invalid='skip')


@pytest.mark.parametrize('stated, boxes', [((512, 512), [[5, 10, 30, 25]]), ((256, 512), []),
                                           ((255, 256), [[10, 20, 60, 50]])])
def test_boxes_for_another_size_are_scaled_or_where_the_shape_differs_invalid(tmp_path, image, stated, boxes):
    path = write_coco(tmp_path / 'c.json', [GOOD], stated)
    found = AnnotationProposer({'x': path}, min_edge=8)(image, RECORD)
    np.testing.assert_allclose(found.boxes, np.reshape(boxes, (-1, 4)), atol=0.3)
    assert found.invalid == (0 if boxes else 1)
    if not boxes:
        with pytest.raises(UserError, match='annotation 7 of a.jpg: it is 256 x 256 px, but .* for 256 x 512 px'):
            AnnotationProposer({'x': path}, invalid='error')(image, RECORD)


def test_a_whole_image_is_one_box_of_any_size(image):
    propose = WholeImageProposer()
    boxes, scores, invalid = propose(image[:20, :90], RECORD)
    assert boxes.tolist() == [[0, 0, 90, 20]] and boxes.dtype == np.float32
    assert scores.tolist() == [1] and invalid == 0 and propose.kind == 'image'

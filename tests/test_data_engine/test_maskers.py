import json
from itertools import groupby

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mmrice.data_engine.maskers import AnnotatedMasks
from mmrice.data_engine.maskers.coco_masks import decode_segmentation, encode_mask, resize_mask
from mmrice.utils import UserError

SIZE = (40, 60)  # height, width


def blob(x1, y1, x2, y2):
    """A box without its upper left corner."""
    mask = np.zeros(SIZE, bool)
    mask[y1:y2, x1:x2] = True
    mask[y1:y1 + 2, x1:x1 + 2] = False
    return mask


def rle(mask):
    return {'size': list(mask.shape), 'counts': encode_mask(mask)}


BOXES = [[4, 4, 20, 24], [30, 10, 50, 38]]
MASKS = [blob(*box) for box in BOXES]


def record(size=SIZE, file='a/1.jpg', source='s'):
    return {'source': source, 'file': file, 'size': [size[1], size[0]], 'source_size': [SIZE[1], SIZE[0]]}


def coco(path, segmentations, invalid='drop', boxes=BOXES, **image):
    annotations = [{'id': 7 + number, 'image_id': 1, 'bbox': [x1, y1, x2 - x1, y2 - y1], 'segmentation': segmentation}
                   for number, ((x1, y1, x2, y2), segmentation) in enumerate(zip(boxes, segmentations))]
    image = {'id': 1, 'file_name': 'a/1.jpg', 'width': SIZE[1], 'height': SIZE[0], **image}
    path.write_text(json.dumps({'images': [image], 'annotations': annotations, 'categories': []}))
    return AnnotatedMasks({'s': str(path)}, invalid=invalid)


def lines(path, masks, boxes=BOXES):
    regions = [{'box': box, 'phrase': 'x', **({'mask': mask} if mask else {})} for box, mask in zip(boxes, masks)]
    path.write_text(json.dumps({'file_name': 'a/1.jpg', 'regions': regions}))
    return AnnotatedMasks(files={'s': str(path)})


def test_a_mask_comes_back_from_every_form_that_coco_has():
    uncompressed = {'size': list(SIZE), 'counts': [len(list(run)) for _, run in groupby(MASKS[0].T.ravel().tolist())]}
    square = np.zeros(SIZE, bool)
    square[5:15, 10:30] = True
    for segmentation, expected in ((rle(MASKS[0]), MASKS[0]), (uncompressed, MASKS[0]),
                                   ([[10, 5, 30, 5, 30, 15, 10, 15]], square)):
        np.testing.assert_array_equal(decode_segmentation(segmentation, SIZE), expected)
    theirs = coco_mask.decode({'size': list(SIZE), 'counts': encode_mask(MASKS[1]).encode()})
    np.testing.assert_array_equal(theirs, MASKS[1])


@pytest.mark.parametrize('segmentation', [
    {'size': [40, 60], 'counts': rle(blob(0, 0, 9, 9)[:20])['counts']}, {'size': [40, 60], 'counts': [5, 6]},
    {'size': [40, 60]}, {'counts': 'abc'}, [[1, 2, 3]], [[1, 2, 3, 4, 5, 'x']], [7], 'x'])
def test_what_is_no_segmentation_is_refused_before_it_is_decoded(segmentation):
    with pytest.raises(ValueError):
        decode_segmentation(segmentation, SIZE)


@pytest.mark.parametrize('kind', ['coco', 'lines'])
def test_regions_get_the_mask_of_the_annotation_that_they_overlap_most(tmp_path, kind):
    masker = {'coco': coco, 'lines': lines}[kind](tmp_path / 'file', map(rle, MASKS))
    shifted = [31, 11, 51, 38]
    found = masker(None, record(), np.array([shifted, BOXES[0], [4, 4, 12, 24]], np.float32))
    np.testing.assert_array_equal(found[0], MASKS[1])
    np.testing.assert_array_equal(found[1], MASKS[0])
    assert found[2] is None  # covers two fifths of the first


def test_regions_with_equal_boxes_take_the_masks_of_equal_boxes_in_their_order(tmp_path):
    masks = [blob(0, 0, 60, 20), blob(0, 20, 60, 40), blob(4, 4, 20, 24)]
    regions = [{'box': box, 'phrase': 'x', 'mask': rle(mask)}
               for box, mask in zip([[0, 0, 60, 40], [0, 0, 60, 40], BOXES[0]], masks)]
    (tmp_path / 'file').write_text(json.dumps({'file_name': 'a/1.jpg', 'regions': regions}))
    boxes = np.array([[0, 0, 60, 40], BOXES[0], [0, 0, 60, 40], [0, 0, 60, 40]], np.float32)
    found = AnnotatedMasks(files={'s': str(tmp_path / 'file')})(None, record(), boxes)
    for mask, number in zip(found, (0, 2, 1, 0)):  # one more region than annotations has the first again
        np.testing.assert_array_equal(mask, masks[number])


@pytest.mark.parametrize('kind', ['coco', 'lines'])
@pytest.mark.parametrize('box', [[0, 0, 20, 20], [0, 0, 20, 18]])
def test_a_region_whose_own_annotation_has_no_mask_gets_none_of_another_one(tmp_path, kind, box):
    annotated, mask = [box, [0, 0, 20, 20]], blob(0, 0, 20, 20)
    masker = {'coco': coco, 'lines': lines}[kind](tmp_path / 'file', [None, rle(mask)], boxes=annotated)
    found = masker(None, record(), np.array(annotated, np.float32))
    assert found[0] is None
    np.testing.assert_array_equal(found[1], mask)


def test_of_annotations_with_equal_boxes_a_region_takes_the_one_of_its_number(tmp_path):
    boxes, masks = [BOXES[0]] * 3, [blob(4, 4, 20, 14), None, blob(4, 14, 20, 24)]
    stated = [None, *(mask if mask is None else rle(mask) for mask in masks)]
    masker = lines(tmp_path / 'file', stated, boxes=[[9, 9, 9, 9], *boxes])
    found = masker(None, record(), np.array(boxes, np.float32), [3, 2, 7])
    np.testing.assert_array_equal(found[0], masks[2])
    assert found[1] is None
    np.testing.assert_array_equal(found[2], masks[0])  # a number of another file: what is left


def test_images_that_are_not_annotated_have_no_masks(tmp_path):
    masker = coco(tmp_path / 'file', map(rle, MASKS))
    boxes = np.array(BOXES, np.float32)
    assert masker(None, record(file='2.jpg'), boxes) == masker(None, record(source='other'), boxes) == [None, None]
    assert lines(tmp_path / 'lines', [None, rle(MASKS[1])])(None, record(), boxes)[0] is None


def test_masks_follow_an_image_that_ingest_made_smaller(tmp_path):
    masker = coco(tmp_path / 'file', map(rle, MASKS))
    found, = masker(None, record(size=(20, 30)), np.array(BOXES[:1], np.float32) / 2)
    np.testing.assert_array_equal(found, MASKS[0][::2, ::2])
    np.testing.assert_array_equal(resize_mask(found, SIZE), MASKS[0])


def test_polygons_and_boxes_are_for_the_image_size_that_the_json_states(tmp_path):
    square = [[4, 4, 20, 4, 20, 24, 4, 24]]
    masker = coco(tmp_path / 'file', [square, square], width=30, height=20)
    box = np.array([[8, 8, 40, 40]], np.float32)  # the first box at twice the size, as far as the image goes
    found, = masker(None, record(), box)
    assert found[8:40, 8:40].all() and found.sum() == 32 * 32
    assert masker(None, record(), np.array(BOXES[:1], np.float32)) == [None]


def test_the_index_in_the_builds_folder_gives_the_same_masks(tmp_path):
    masker, boxes = coco(tmp_path / 'file', map(rle, MASKS)), np.array(BOXES, np.float32)
    first = masker(None, record(), boxes)
    masker.work_in(tmp_path)
    np.testing.assert_array_equal(masker(None, record(), boxes), first)
    assert len(list(tmp_path.glob('boxes-*.sqlite'))) == 1


def test_a_mask_of_another_shape_or_none_at_all_is_named(tmp_path):
    boxes = np.array(BOXES, np.float32)
    with pytest.raises(UserError, match='annotation 8 of a/1.jpg: the mask has 40 x 60 px, but the image has 60 x 40'):
        coco(tmp_path / 'file', [rle(MASKS[0]), rle(MASKS[1].T)], 'error')(None, record(), boxes)
    found = coco(tmp_path / 'file', [rle(MASKS[0]), rle(MASKS[1].T)])(None, record(), boxes)
    assert found[0] is not None and found[1] is None
    with pytest.raises(UserError, match='region 1 of a/1.jpg: is neither an RLE nor polygons of COCO'):
        lines(tmp_path / 'lines', [None, [[1, 2]]])(None, record(), boxes)


@pytest.mark.parametrize('arguments, message', [
    ({}, 'neither ann_files nor files'), ({'ann_files': {'s': 'a'}, 'files': {'s': 'b'}}, 's is in ann_files and in'),
    ({'ann_files': {'s': 'a'}, 'min_iou': 0}, 'engine.mask.min_iou is 0'),
    ({'ann_files': {'s': 'a'}, 'invalid': 'x'}, "engine.mask.invalid is 'x'")])
def test_wrong_settings_are_refused(arguments, message):
    with pytest.raises(UserError, match=message):
        AnnotatedMasks(**arguments)
    with pytest.raises(UserError, match='none.json: no such annotation file. Check engine.mask.ann_files'):
        AnnotatedMasks({'s': 'none.json'}).fingerprint()

import numpy as np
import pytest
import torch
from PIL import Image

from mmrice.data_engine.boxes import pairwise_iou
from mmrice.data_engine.grounders import OWLv2Grounder
from mmrice.utils import UserError

transformers = pytest.importorskip('transformers')
import tiny_models  # noqa: E402

PHRASES = [['a dog', 'tree'], [], ['cat', 'the red bus', 'a very long phrase of many letters']]
RECORDS = [{}] * 3


@pytest.fixture(scope='module')
def images():
    rng = np.random.default_rng(1)
    return [rng.integers(0, 256, (h, w, 3), np.uint8).repeat(8, 0).repeat(8, 1) for h, w in ((8, 6), (5, 12), (8, 8))]


@pytest.fixture(scope='module')
def owlv2(tmp_path_factory):
    folder = tmp_path_factory.mktemp('owlv2')
    return folder, tiny_models.write_owlv2(folder, seed=3)


def grounder(owlv2, **settings):
    return OWLv2Grounder(str(owlv2[0]), **{'nms_iou': 1, 'min_edge': 0.01, **settings})


def alone(owlv2, image, phrases, threshold=0.1):
    """Boxes, scores and texts of one image as transformers gives them, best first."""
    folder, model = owlv2
    fast = {'use_fast': True} if transformers.__version__ < '5' else {}
    processor = transformers.AutoProcessor.from_pretrained(folder, **fast)
    inputs = processor(text=[phrases], images=Image.fromarray(image), return_tensors='pt', truncation=True)
    with torch.no_grad():
        found, = processor.post_process_grounded_object_detection(
            model(**inputs), threshold, target_sizes=[image.shape[:2]], text_labels=[phrases])
    height, width = image.shape[:2]
    boxes = found['boxes'].numpy().clip(0, [width, height, width, height])
    good = np.flatnonzero(((boxes[:, 2:] - boxes[:, :2]) > 0.01).all(1))
    order = good[np.argsort(-found['scores'].numpy()[good])]
    return boxes[order], found['scores'].numpy()[order], [found['text_labels'][row] for row in order]


def test_boxes_of_a_batch_are_those_that_transformers_finds_in_each_image(owlv2, images):
    found = grounder(owlv2)(images, RECORDS, PHRASES)
    assert len(found[1].boxes) == 0 and found[1].phrases == []
    for number in (0, 2) if transformers.__version__ < '5' else (2, ):  # 5 pads with black, unlike OWLv2's training
        one, image, phrases = found[number], images[number], PHRASES[number]
        boxes, scores, texts = alone(owlv2, image, phrases)
        assert len(boxes) > 3 and scores.max() < 1
        np.testing.assert_allclose(one.boxes, boxes, atol=1e-3)
        np.testing.assert_allclose(one.scores, scores, atol=1e-4)
        assert one.phrases == texts
    assert len(set(found[2].phrases)) == 3


def test_scores_queries_and_number_have_their_limits(owlv2, images):
    every, = grounder(owlv2)(images[2:], RECORDS[2:], PHRASES[2:])
    better, = grounder(owlv2, min_score=0.5)(images[2:], RECORDS[2:], PHRASES[2:])
    assert 0 < len(better.scores) < len(every.scores) and better.scores.tolist() == [
        score for score in every.scores if score > 0.5]
    best, = grounder(owlv2, max_regions=2)(images[2:], RECORDS[2:], PHRASES[2:])
    assert best.boxes.tolist() == every.boxes[:2].tolist() and best.phrases == every.phrases[:2]
    first, = grounder(owlv2, max_queries=1)(images[2:], RECORDS[2:], PHRASES[2:])
    assert set(first.phrases) == {'cat'}
    short = (every.boxes[:, 2:] - every.boxes[:, :2]).min(1)
    edge = float(np.median(short))
    wide, = grounder(owlv2, min_edge=edge)(images[2:], RECORDS[2:], PHRASES[2:])
    assert wide.boxes.tolist() == every.boxes[short >= edge].tolist() and len(wide.boxes) < len(every.boxes)


def test_of_boxes_that_overlap_the_better_one_is_kept_whatever_their_phrases(owlv2, images):
    every, = grounder(owlv2)(images[2:], RECORDS[2:], PHRASES[2:])
    kept, = grounder(owlv2, nms_iou=0.4)(images[2:], RECORDS[2:], PHRASES[2:])
    overlaps = pairwise_iou(kept.boxes, kept.boxes) - np.eye(len(kept.boxes))
    assert 1 < len(kept.boxes) < len(every.boxes) and overlaps.max() <= 0.4
    assert kept.scores[0] == every.scores[0]


def test_phrases_are_asked_within_the_template(owlv2, images):
    asked, = grounder(owlv2, template='the {} there')(images[2:], RECORDS[2:], [['dog', 'tree']])
    expected = alone(owlv2, images[2], ['the dog there', 'the tree there'])
    np.testing.assert_allclose(asked.boxes, expected[0], atol=1e-3)
    assert asked.phrases == [text.split()[1] for text in expected[2]]


def test_another_input_size_takes_interpolated_positions(owlv2, images):
    usual, larger = (grounder(owlv2, min_score=0, input_size=size)(images[2:], RECORDS[2:], PHRASES[2:])[0]
                     for size in (None, 48))
    assert len(usual.boxes) <= 4 * 4 < len(larger.boxes) <= 6 * 6
    with pytest.raises(UserError, match='engine.ground.input_size is 50, expected a multiple of 8'):
        grounder(owlv2, input_size=50)(images[:1], RECORDS[:1], PHRASES[:1])


@pytest.mark.parametrize('settings, message', [
    ({'min_score': 1}, 'engine.ground.min_score is 1'), ({'max_queries': 0}, 'engine.ground.max_queries is 0'),
    ({'template': 'a photo'}, "engine.ground.template is 'a photo', expected a text with one {}"),
    ({'batch_size': 0}, 'engine.ground.batch_size is 0')])
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(UserError, match=message):
        OWLv2Grounder('model', **settings)


def test_another_model_is_refused(tmp_path):
    tiny_models.write_blip(tmp_path)
    with pytest.raises(UserError, match="config.json: model_type is 'blip', expected owlv2"):
        OWLv2Grounder(str(tmp_path)).fingerprint()

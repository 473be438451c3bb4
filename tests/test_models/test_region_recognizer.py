import pytest
import torch
import torch.nn.functional as F

import mmrice  # noqa: F401 before a host
from mmrice.testing.tiny_region_text import DIMS, parts
from mmrice.utils import UserError
from mmrice.utils.tokenizers import load_clip_tokenizer

pytest.importorskip('mmdet')

CLASSES = ('cat', 'dog', 'bat_(animal)')


def build(*names, **kwargs):
    from mmrice.registry import MODELS
    torch.manual_seed(0)
    config = dict(type='mmrice.RegionRecognizer', **parts('backbone', 'text_encoder', *names), **kwargs)
    return MODELS.build(config).eval()


def sample(boxes, labels=None, **meta):
    from mmdet.structures import DetDataSample
    from mmengine.structures import InstanceData
    found = DetDataSample(metainfo=dict(ori_shape=(40, 48), img_shape=(40, 48), **meta))
    boxes = torch.tensor(boxes).reshape(-1, 4)
    found.gt_instances = InstanceData(bboxes=boxes, labels=torch.zeros(len(boxes), dtype=torch.int64))
    return found


@pytest.fixture(scope='module')
def images():
    return torch.randn(2, 3, 40, 48, generator=torch.Generator().manual_seed(1))


BOXES = [[[0., 0., 20., 30.], [8., 8., 40., 40.], [30., 2., 47., 39.]], []]


@torch.no_grad()
def test_a_score_is_the_cosine_of_one_box_with_one_name(images):
    model = build('neck', classes=CLASSES)
    first, second = model.predict(images, [sample(boxes) for boxes in BOXES])
    texts = [F.normalize(model.text_encoder(load_clip_tokenizer()([name], 24))[1][0], dim=0)
             for name in ('cat', 'dog', 'bat (animal)')]
    for place, box in enumerate(BOXES[0]):
        region, = model.neck(model.backbone(images[:1])[-1], (5, 6), [torch.tensor([box])])
        expected = torch.stack([F.normalize(region, dim=0) @ text for text in texts])
        torch.testing.assert_close(first.pred_regions.scores[place], expected, atol=1e-5, rtol=0)
    assert first.pred_regions.labels.tolist() == [0, 0, 0]
    assert second.pred_regions.scores.shape == (0, 3) and len(second.pred_instances) == 0
    alone, = model.predict(images[1:], [sample([])])
    assert alone.pred_regions.scores.shape == (0, 3) and len(alone.pred_instances) == 0


@torch.no_grad()
def test_each_true_box_is_a_detection_of_the_classes_that_fit_best(images):
    every, = build('neck', classes=CLASSES).predict(images[:1], [sample(BOXES[0])])
    expected = (every.pred_regions.scores / 0.01).softmax(1)
    found = every.pred_instances
    assert len(found) == 9
    for box, score, label in zip(found.bboxes.tolist(), found.scores, found.labels):
        torch.testing.assert_close(score, expected[BOXES[0].index(box), label])
    few, = build('neck', classes=CLASSES, max_per_img=4).predict(images[:1], [sample(BOXES[0])])
    assert few.pred_instances.scores.tolist() == expected.flatten().sort(descending=True).values[:4].tolist()


@torch.no_grad()
def test_boxes_follow_the_resizing_and_come_back_in_pixels_of_the_image(images):
    model = build('neck', classes=CLASSES)
    meta = dict(scale_factor=(0.5, 2.), pad_offset=(4, 8))
    moved = [[(x1 - 4) / 0.5, (y1 - 8) / 2, (x2 - 4) / 0.5, (y2 - 8) / 2] for x1, y1, x2, y2 in BOXES[0]]
    plain, = model.predict(images[:1], [sample(BOXES[0])])
    resized, = model.predict(images[:1], [sample(moved, **meta)])
    torch.testing.assert_close(resized.pred_regions.scores, plain.pred_regions.scores)
    assert sorted(map(tuple, resized.pred_instances.bboxes.tolist())) == sorted(map(tuple, moved * 3))


@torch.no_grad()
def test_vectors_of_templates_are_averaged_at_unit_length():
    model = build('neck', classes=CLASSES, templates=['{}', 'a photo of a {}.'])
    for name, vector in zip(('cat', 'dog', 'bat (animal)'), model.class_vectors()):
        both = torch.cat([model.embed_texts([text]) for text in (name, f'a photo of a {name}.')])
        torch.testing.assert_close(both.norm(dim=1), torch.ones(2))
        torch.testing.assert_close(vector, F.normalize(both.mean(0), dim=0), atol=1e-5, rtol=0)


@torch.no_grad()
def test_names_of_a_dataset_are_taken_where_the_config_has_none_and_again_with_other_weights():
    model = build('neck')
    with pytest.raises(UserError, match='no classes.*DatasetClassesHook'):
        model.class_vectors()
    model.set_classes(('cat', 'dog'))
    before = model.class_vectors()
    model.set_classes(CLASSES)
    assert before.shape == (2, DIMS) and model.class_vectors().shape == (3, DIMS)
    model.text_encoder.projection.weight.mul_(-1)
    torch.testing.assert_close(model.eval().class_vectors()[:2], -before)
    given = build('neck', classes=['owl', 'rat', 'ant'])
    given.set_classes(CLASSES)
    assert given.classes == ['owl', 'rat', 'ant']
    with pytest.raises(UserError, match='model.classes has 3 classes, the dataset 2'):
        given.set_classes(CLASSES[:2])


@torch.no_grad()
def test_a_class_with_several_names_has_their_mean(tmp_path):
    (tmp_path / 'classes.txt').write_text('cat | kitten\n\ndog\n')
    for classes in ([['cat', 'kitten'], 'dog'], str(tmp_path / 'classes.txt')):
        model = build('neck', classes=classes, templates=('{}', 'one {}'))
        cat = model.embed_texts(['cat', 'one cat', 'kitten', 'one kitten']).mean(0)
        dog = model.embed_texts(['dog', 'one dog']).mean(0)
        torch.testing.assert_close(model.class_vectors(), F.normalize(torch.stack([cat, dog]), dim=1))


@torch.no_grad()
def test_a_box_that_is_cut_out_is_encoded_as_an_image_of_its_own(images):
    model = build('image_neck', classes=CLASSES, pooling='crop', crop_size=16)
    boxes = [[8., 16., 24., 32.], [3.4, 5.2, 18.7, 20.9], [30., 0., 50., 10.]]
    found, = model.predict(images[:1], [sample(boxes)])
    for (left, top, right, bottom), scores in zip([(8, 16, 24, 32), (3, 5, 19, 21)], found.pred_regions.scores):
        crop = images[:1, :, top:bottom, left:right]
        image = F.normalize(model.image_neck((model.backbone(crop)[-1][:, 0], ))[-1], dim=1)
        torch.testing.assert_close(scores, (image @ model.class_vectors().T)[0], atol=1e-5, rtol=0)
    assert model.neck is None and build('neck', 'image_neck', classes=CLASSES).image_neck is None


@torch.no_grad()
def test_registers_are_no_patches(images):
    model = build('neck', classes=CLASSES)
    plain, = model.predict(images[:1], [sample(BOXES[0])])
    forward, model.backbone.num_extra_tokens = model.backbone.forward, 3
    model.backbone.forward = lambda x: [torch.cat([tokens[:, :1], tokens[:, :2] + 9, tokens[:, 1:]], dim=1)
                                        for tokens in forward(x)]
    with_registers, = model.predict(images[:1], [sample(BOXES[0])])
    assert torch.equal(plain.pred_regions.scores, with_registers.pred_regions.scores)


def test_a_wide_box_is_letterboxed():
    from mmrice.models.region_text.geometry import crop_boxes
    image = torch.ones(3, 40, 48)
    crop, thin = crop_boxes(image, torch.tensor([[0., 0., 32., 16.], [50., 50., 60., 60.]]), 8)
    expected = torch.zeros(3, 8, 8)
    expected[:, 2:6] = 1
    torch.testing.assert_close(crop, expected)
    torch.testing.assert_close(thin, torch.ones(3, 8, 8))  # a box outside becomes the nearest pixel


@pytest.mark.parametrize('wrong, match', [
    (dict(classes=CLASSES, templates=['photo']), "template 'photo' has no {}"),
    (dict(classes='nowhere.txt'), "classes='nowhere.txt': cannot be read"),
    (dict(classes=()), '0 classes and 1 templates'), (dict(classes=[[]]), 'a name for each class'),
    (dict(pooling='crop'), "pooling='crop'.*needs image_neck"),
])
def test_settings_that_cannot_work_are_named(wrong, match):
    with pytest.raises(UserError, match=match):
        build('neck', **wrong).class_vectors()


def test_inputs_that_cannot_be_measured_are_named(images):
    from mmrice.models.region_text.base import grid_of
    model, resized = build('neck', classes=CLASSES), sample(BOXES[0])
    with pytest.raises(UserError, match='nothing to train'):
        model(images, mode='loss')
    for features in (torch.zeros(1, 6, 8), torch.zeros(1, 8, 5, 6), torch.zeros(1, 8)):
        with pytest.raises(UserError, match="features of shape .* for 40 x 48 pixels.*out_type to 'raw'"):
            grid_of(images, features)
    resized.set_metainfo(dict(img_shape=(20, 24)))
    with pytest.raises(UserError, match="was resized.*'scale_factor'"):
        model.predict(images[:1], [resized])
    del resized.gt_instances.bboxes
    with pytest.raises(UserError, match='has no boxes.*LoadAnnotations'):
        model.predict(images[:1], [resized])

"""ZeroShotClassifier with many labels: scores that rank images, and the average precision of MMPretrain's metrics."""
import pytest
import torch

import mmrice  # noqa: F401 before a host
from mmrice.testing.tiny_region_text import parts

pytest.importorskip('mmpretrain')
CLASSES = ('cat', 'dog', 'sky')


@pytest.fixture(scope='module')
def model():
    from mmrice.registry import MODELS
    torch.manual_seed(0)
    return MODELS.build(dict(type='mmrice.ZeroShotClassifier', multi_label=True, classes=CLASSES,
                             **parts('backbone', 'text_encoder', 'image_neck'))).eval()


@pytest.fixture(scope='module')
def images():
    return torch.randn(12, 3, 24, 32, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_a_class_ranks_images_by_their_cosine_whatever_the_other_classes(model, images):
    scores = torch.stack([each.pred_score for each in model(images, mode='predict')])
    cosines = model(images) @ model.embed_texts(CLASSES).T
    torch.testing.assert_close(scores, (1 + cosines) / 2)
    assert (scores.argsort(0) == cosines.argsort(0)).all()
    softmax = (cosines / model.temperature).softmax(1)
    assert (softmax.argsort(0) != cosines.argsort(0)).any()  # what it must not be
    model.classes, model._vectors = CLASSES[:1], None
    alone = torch.stack([each.pred_score for each in model(images, mode='predict')])
    model.classes, model._vectors = CLASSES, None
    torch.testing.assert_close(alone[:, 0], scores[:, 0])


def precision_at_each_right_image(scores, right, counted):
    """AP from its definition: the mean, over images that show the class, of the precision down to their rank."""
    order = [place for place in sorted(range(len(scores)), key=lambda place: -scores[place]) if counted[place]]
    hits, found = 0, []
    for rank, place in enumerate(order, 1):
        if right[place]:
            hits += 1
            found.append(hits / rank)
    return 100 * sum(found) / len(found)


@torch.no_grad()
@pytest.mark.parametrize('difficult', [False, True])
def test_the_average_precision_is_that_of_its_definition(model, images, difficult):
    from mmpretrain.evaluation import AveragePrecision, VOCAveragePrecision
    from mmpretrain.structures import DataSample
    labels = [[0], [], [1, 2], [0, 2], [1], [2], [0, 1, 2], [], [0], [2], [1], [0, 1]]
    hard = [[number % 3] if difficult else [] for number in range(12)]
    samples = model(images, [DataSample(metainfo=dict(gt_label_difficult=also)).set_gt_label(own)
                             for own, also in zip(labels, hard)], mode='predict')
    metric = (VOCAveragePrecision if difficult else AveragePrecision)()
    metric.process({}, [sample.to_dict() for sample in samples])
    expected = []
    for number in range(3):
        scores = [float(sample.pred_score[number]) for sample in samples]
        right = [number in own for own in labels]
        counted = [number in own or number not in also for own, also in zip(labels, hard)]
        expected.append(precision_at_each_right_image(scores, right, counted))
    assert metric.evaluate(12)['multi-label/mAP'] == pytest.approx(sum(expected) / 3, abs=1e-3)

import pytest
import torch

from mmrice.evaluation import NeighbourPurity, RegionRecognition
from mmrice.utils import UserError

REGIONS = [([0, 0, 0], [[0, 0], [0, 1], [0, 0]]), ([], []), ([5], [[4, 5]])]


def samples():
    draw = torch.Generator().manual_seed(0)
    return [dict(pred_regions=dict(labels=torch.tensor(labels, dtype=torch.int64),
                                   neighbours=torch.tensor(neighbours).reshape(len(labels), 2),
                                   scores=torch.rand(len(labels), 6, generator=draw)))
            for labels, neighbours in REGIONS]


def measure(kind, data=None):
    metric, data = kind(), data or samples()
    metric.dataset_meta = dict(classes=tuple('abcdef'))
    metric.process(None, data)
    return metric.evaluate(len(data))


def test_purity_is_the_share_of_neighbours_of_the_class_averaged_over_classes_and_over_boxes():
    found = measure(NeighbourPurity)
    assert found.pop('regions/purity') == pytest.approx(100 * ((1 + .5 + 1) / 3 + .5) / 2)
    assert found.pop('regions/purity_boxes') == pytest.approx(100 * (1 + .5 + 1 + .5) / 4)
    assert found == measure(RegionRecognition) and found['regions/accuracy/top5'] > 0


def test_a_model_without_neighbours_is_named():
    with pytest.raises(UserError, match='gives no neighbours'):
        NeighbourPurity().process(None, [dict(pred_regions=dict(labels=torch.zeros(1)))])
    with pytest.raises(UserError, match='no image has a box'):
        measure(NeighbourPurity, samples()[1:2])

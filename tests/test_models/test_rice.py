"""RICE end to end on random images: it learns, and only what it is shown."""
import pytest
import torch
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

from mmrice.registry import MODELS
from mmrice.structures import RegionDataSample

pytest.importorskip('mmpretrain')

CONFIG = dict(
    type='mmrice.RICE',
    data_preprocessor=dict(mean=[127.] * 3, std=[60.] * 3, pad_size_divisor=8),
    backbone=dict(
        type='mmrice.RICEViT',
        arch=dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=64),
        patch_size=8,
        out_type='raw'),
    neck=dict(type='mmrice.RegionTransformer', in_channels=32, out_channels=32, num_heads=2, patch_size=8),
    head=dict(
        type='mmrice.ClusterDiscriminationHead',
        embed_dims=32,
        scale=16.,
        margin=0.,
        sample_ratio=1.,
        object=dict(num_classes=6),
        ocr=dict(num_classes=5)))


def sample(boxes, kinds, labels):
    data_sample = RegionDataSample()
    data_sample.gt_regions = InstanceData(
        bboxes=torch.tensor(boxes).float().view(-1, 4), kinds=torch.tensor(kinds), labels=torch.tensor(labels))
    return data_sample


@pytest.fixture
def model():
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield MODELS.build(CONFIG)


@pytest.fixture
def batch():
    """Two images of unequal size, with unequal numbers of regions and of labels a region."""
    return dict(
        inputs=[torch.randint(0, 255, (3, *size), dtype=torch.uint8) for size in ((32, 48), (40, 30))],
        data_samples=[
            sample([[0, 0, 20, 20], [16, 8, 48, 32], [0, 10, 40, 14]], [0, 0, 1], [[1, -1], [5, -1], [0, 3]]),
            sample([[4, 4, 30, 40]], [0], [[2]]),
        ])


def test_loss_holds_both_kinds_and_pads_ragged_batches(model, batch):
    losses = model(**model.data_preprocessor(batch, training=True), mode='loss')
    assert losses['loss_object'] > 0 and losses['loss_ocr'] > 0
    assert losses['num_positives_ocr'] == 2


def test_training_steps_fit_the_batch(model, batch):
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    data = model.data_preprocessor(batch, training=True)
    history = []
    for _ in range(60):
        losses = model(**data, mode='loss')
        loss = losses['loss_object'] + losses['loss_ocr']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    assert history[-1] < 0.3 * history[0]
    assert losses['accuracy_object'] == 100 and losses['accuracy_ocr'] == 100


def test_regions_of_one_image_do_not_depend_on_the_other(model, batch):
    model.eval()
    inputs = model.data_preprocessor(batch)['inputs']
    boxes = [data_sample.gt_regions.bboxes for data_sample in batch['data_samples']]
    together = model.extract_regions(inputs, boxes)
    alone = model.extract_regions(inputs[1:], boxes[1:])
    torch.testing.assert_close(together[3:], alone)

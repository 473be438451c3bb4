"""MLCD end to end: it learns from region shards and from MMPretrain's own labels."""
import pytest
import torch
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

from mmrice.registry import MODELS
from mmrice.structures import KINDS, RegionDataSample
from mmrice.utils import UserError

pytest.importorskip('mmpretrain')

CONFIG = dict(
    type='mmrice.MLCD',
    data_preprocessor=dict(mean=[127.] * 3, std=[60.] * 3),
    backbone=dict(
        type='mmrice.RICEViT',
        arch=dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=64),
        patch_size=8),
    neck=dict(type='LinearNeck', in_channels=32, out_channels=16, norm_cfg=None),
    head=dict(
        type='mmrice.ClusterDiscriminationHead',
        embed_dims=16,
        scale=16.,
        margin=0.,
        sample_ratio=1.,
        image=dict(num_classes=9)))


def build(**changes):
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return MODELS.build({**CONFIG, **changes})


def from_shards(*labels, kind='image'):
    sample = RegionDataSample()
    sample.gt_regions = InstanceData(
        bboxes=torch.tensor([[0., 0., 32., 32.]]).expand(len(labels), 4), kinds=torch.full((len(labels), ),
                                                                                        KINDS.index(kind)),
        labels=torch.tensor(labels))
    return sample


def from_mmpretrain(*labels):
    from mmpretrain.structures import DataSample
    return DataSample().set_gt_label(list(labels) if len(labels) > 1 else labels[0])


def batch(*samples):
    inputs = torch.randint(0, 255, (len(samples), 3, 32, 32), generator=torch.Generator().manual_seed(0))
    return dict(inputs=list(inputs.to(torch.uint8)), data_samples=list(samples))


def losses_of(model, *samples):
    return model(**model.data_preprocessor(batch(*samples), training=True), mode='loss')


def test_training_steps_fit_images_with_several_labels():
    model = build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    history = []
    for _ in range(80):
        losses = losses_of(model, from_shards([1, 4]), from_shards([2, -1]), from_shards([7, 3]))
        optimizer.zero_grad()
        losses['loss_image'].backward()
        optimizer.step()
        history.append(losses['loss_image'].item())
    assert history[-1] < 0.3 * history[0]
    assert losses['accuracy_image'] == 100
    assert losses['num_positives_image'] == pytest.approx(5 / 3)


def test_labels_of_mmpretrain_give_the_loss_that_those_of_shards_give():
    model = build().eval()
    shards = losses_of(model, from_shards([1, 4]), from_shards([2]), from_shards([0, 3, 8]))
    labels = losses_of(model, from_mmpretrain(1, 4), from_mmpretrain(2), from_mmpretrain(0, 3, 8))
    assert shards.keys() == labels.keys() and shards['loss_image'] > 0
    for key, value in shards.items():
        torch.testing.assert_close(labels[key], value)


@pytest.mark.parametrize('multi', [False, True], ids=['CustomDataset', 'MultiLabelDataset'])
def test_a_dataset_of_mmpretrain_feeds_it(multi, tmp_path):
    import json

    from mmengine.dataset import default_collate, pseudo_collate
    from mmpretrain.registry import DATASETS

    from mmrice.testing.tiny_hosts import write_tiny_data
    root = write_tiny_data(tmp_path, num_images=4)
    dataset = dict(type='CustomDataset', data_root=str(root), data_prefix='photos')
    if multi:
        items = [dict(img_path=path.name, gt_label=[0, 3][:1 + number % 2]) for number, path in enumerate(
            sorted((root / 'scenes').glob('*.jpg')))]
        (root / 'labels.json').write_text(json.dumps(dict(metainfo=dict(classes=list('abcd')), data_list=items)))
        dataset = dict(type='MultiLabelDataset', data_root=str(root), ann_file='labels.json', data_prefix='scenes')
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        samples = list(DATASETS.build(dict(dataset, pipeline=[
            dict(type='LoadImageFromFile'), dict(type='Resize', scale=(32, 32)), dict(type='PackInputs')])))
    model = build()
    for collate in (pseudo_collate, default_collate):
        losses = model(**model.data_preprocessor(collate(samples), training=True), mode='loss')
        assert losses['loss_image'] > 0
        assert losses['num_positives_image'] == (1.5 if multi else 1)


def test_one_label_an_image_is_the_loss_of_one_label():
    from mmrice.models.losses import single_label_loss
    model = build().eval()
    samples = [from_mmpretrain(5), from_mmpretrain(2)]
    data = model.data_preprocessor(batch(*samples), training=True)
    cosine = torch.nn.functional.normalize(model.embed(data['inputs'])) @ torch.nn.functional.normalize(
        model.head.centers['image'].weight).t()
    own, other = cosine[[0, 1], [5, 2]], cosine.clone()
    other[[0, 1], [5, 2]] = -torch.inf
    expected = single_label_loss(16 * own, (16 * other).logsumexp(1)).mean()
    torch.testing.assert_close(model(**data, mode='loss')['loss_image'], expected)


@pytest.mark.parametrize(('samples', 'message'), [
    ([from_shards([1], [2])], "expected one region of kind 'image' for each image"),
    ([from_shards([1], kind='object')], "expected one region of kind 'image' for each image"),
    ([RegionDataSample()], 'neither gt_regions nor gt_label'),
    ([from_shards([9])], "kind 'image': 9 class centres: region 0 of rank 0 has label 9"),
])
def test_labels_that_cannot_be_used_are_named(samples, message):
    with pytest.raises(UserError, match=message):
        losses_of(build(), *samples)


def test_a_head_without_image_clusters_is_refused():
    with pytest.raises(UserError, match='no table for whole images'):
        build(head={**CONFIG['head'], 'image': None, 'object': dict(num_classes=9)})

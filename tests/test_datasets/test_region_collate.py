"""A batch arrives from a worker as it left, in few tensors."""
import io
import pickle
from multiprocessing.reduction import ForkingPickler

import numpy as np
import torch
from mmengine.registry import FUNCTIONS
from mmengine.structures import InstanceData

import mmrice
from mmrice.datasets import PackRegionInputs, region_collate
from mmrice.datasets.packing import pack_sample
from mmrice.structures import RegionDataSample


def samples(number=5, sizes=(8, )):
    rng, pack = np.random.default_rng(0), PackRegionInputs()
    for index in range(number):
        count, labels, side = index + 1, 1 + index % 3, sizes[index % len(sizes)]
        yield pack(dict(
            img=rng.integers(0, 256, (6, side, 3), dtype=np.uint8), key=f'k{index}', ori_shape=(60, 80), flip=True,
            gt_bboxes=rng.random((count, 4), dtype=np.float32), gt_kinds=rng.integers(0, 3, count),
            gt_region_labels=rng.integers(-1, 9, (count, labels))))


def assert_same(first, second):
    assert type(first) is type(second) is RegionDataSample and first.metainfo == second.metainfo
    for field in ('bboxes', 'kinds', 'labels'):
        one, other = getattr(first.gt_regions, field), getattr(second.gt_regions, field)
        assert one.dtype == other.dtype and torch.equal(one, other), field


def test_a_sample_is_the_one_that_the_constructors_would_make():
    fields = dict(bboxes=torch.rand(2, 4), kinds=torch.tensor([0, 1]), labels=torch.tensor([[3], [4]]))
    meta = dict(key='k', img_shape=(6, 8))
    usual = RegionDataSample(metainfo=meta)
    usual.gt_regions = InstanceData(**fields)
    ours = pack_sample(*fields.values(), meta)
    assert vars(ours).keys() == vars(usual).keys() and vars(ours.gt_regions).keys() == vars(usual.gt_regions).keys()
    for name in ('_metainfo_fields', '_data_fields'):
        assert getattr(ours, name) == getattr(usual, name)
        assert getattr(ours.gt_regions, name) == getattr(usual.gt_regions, name)
    assert_same(ours, usual)
    assert_same(ours.clone().to('cpu'), usual)
    assert len(ours.gt_regions[:1]) == 1


def test_what_arrives_is_what_was_packed():
    before = list(samples())
    batch = region_collate(before)
    assert batch['inputs'].shape == (5, 3, 6, 8) and batch['inputs'].dtype == torch.uint8
    for after in (batch, pickle.loads(pickle.dumps(batch))):
        assert len(after['data_samples']) == 5 and isinstance(after['data_samples'], list)
        for image, sample, original in zip(after['inputs'], after['data_samples'], before):
            assert torch.equal(image, original['inputs'])
            assert_same(sample, original['data_samples'])


def test_a_worker_shares_one_tensor_however_many_images_a_batch_has():
    sent = []

    class Counting(ForkingPickler):

        def reducer_override(self, value):
            sent.append(value) if isinstance(value, torch.Tensor) else None
            return NotImplemented

    Counting(io.BytesIO()).dump(region_collate(list(samples(12))))
    assert len(sent) == 1 and sent[0].shape == (12, 3, 6, 8)


def test_images_of_several_sizes_stay_a_list():
    batch = region_collate(list(samples(4, sizes=(8, 9))))
    assert [image.shape[2] for image in batch['inputs']] == [8, 9, 8, 9]


def test_planes_of_a_view_are_those_of_its_copy():
    image = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    fields = dict(gt_bboxes=np.zeros((1, 4)), gt_kinds=np.zeros(1), gt_region_labels=np.zeros((1, 1)))
    for view in (image, image[:, ::-1], image[1:4, 2:7]):
        planes = PackRegionInputs()(dict(fields, img=view))['inputs']
        assert planes.is_contiguous() and np.array_equal(planes.numpy(), view.transpose(2, 0, 1))


def test_configs_find_it_by_its_name():
    assert mmrice and FUNCTIONS.get('mmrice.region_collate') is region_collate

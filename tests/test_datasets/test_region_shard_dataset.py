"""Region shards as training samples."""
import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from mmrice.datasets.region_shard_dataset import RegionShardDataset
from mmrice.datasets.shard_format import regions_path, write_meta, write_regions
from mmrice.utils import UserError

PIPELINE = [
    dict(type='mmrice.LoadImageFromShard'),
    dict(type='mmrice.RandomResizedRegionCrop', scale=(32, 32)),
    dict(type='mmrice.RandomRegionFlip', prob=0.5),
    dict(type='mmrice.SampleRegions', num_regions=4),
    dict(type='mmrice.PackRegionInputs'),
]


def jpeg(shade):
    stream = io.BytesIO()
    Image.fromarray(np.full((48, 64, 3), shade, np.uint8)).save(stream, 'JPEG')
    return stream.getvalue()


def region(key, box, kind='object', labels=(0, ), text=''):
    return dict(key=key, box=box, kind=kind, score=1., labels=list(labels), text=text)


@pytest.fixture
def shards(tmp_path):
    """Two shards of three images; image ``a1`` has no region, ``b0`` is damaged."""
    for name in 'ab':
        with tarfile.open(tmp_path / f'{name}.tar', 'w') as tar:
            for index in range(3):
                content = b'' if (name, index) == ('b', 0) else jpeg(40 * index + 60)
                info = tarfile.TarInfo(f'{name}{index}.jpg')
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    write_regions(regions_path(tmp_path / 'a.tar'), [
        region('a0', [0, 0, 30, 30], labels=[2]), region('a0', [10, 10, 60, 40], 'ocr', [1, 3]),
        region('a2', [5, 5, 20, 40], labels=[4])])
    write_regions(regions_path(tmp_path / 'b.tar'), [
        region(f'b{i}', [0, 0, 64, 48], labels=[i]) for i in range(3)] + [
            region('b1', [0, 0, 9, 9], 'text', [], 'a dog')])
    write_meta(tmp_path, dict(schema_version=1, num_shards=2, num_images=6, num_regions=dict(object=5, ocr=1),
                              num_classes=dict(object=5, ocr=4), made_by={}))
    return tmp_path


def test_samples_hold_the_regions_of_their_image(shards):
    dataset = RegionShardDataset(shards)
    infos = {info['key']: info for info in (dataset.get_data_info(i) for i in range(len(dataset)))}
    assert set(infos) == {'a0', 'a2', 'b0', 'b1', 'b2'}  # a1 has no region, and b1's text region is of no kind here
    np.testing.assert_array_equal(infos['a0']['gt_bboxes'], [[0, 0, 30, 30], [10, 10, 60, 40]])
    assert infos['a0']['gt_kinds'].tolist() == [0, 1]
    assert infos['a0']['gt_region_labels'].tolist() == [[2, -1], [1, 3]]
    assert infos['b1']['gt_region_labels'].tolist() == [[1]]


def test_kinds_are_chosen(shards):
    assert len(RegionShardDataset(shards, kinds=['ocr'])) == 1
    with pytest.raises(UserError, match="kinds has .'words'."):
        RegionShardDataset(shards, kinds=['words'])


def test_a_damaged_image_is_replaced_and_counted_up_to_a_limit(shards, caplog):
    dataset = RegionShardDataset(shards, PIPELINE)
    damaged = next(i for i in range(len(dataset)) if dataset.get_data_info(i)['key'] == 'b0')
    np.random.seed(0)
    assert dataset[damaged]['data_samples'].key != 'b0'
    assert dataset.skipped.total >= 1
    strict = RegionShardDataset(shards, PIPELINE, max_skipped=0)
    with pytest.raises(UserError, match=r'b\.tar: b0\.jpg cannot be decoded, and 0 samples .* max_skipped=0'):
        strict[damaged]


def test_the_pipeline_packs_a_fixed_number_of_regions(shards):
    dataset = RegionShardDataset(shards, PIPELINE)
    sample = dataset[0]
    regions = sample['data_samples'].gt_regions
    assert sample['inputs'].shape == (3, 32, 32) and sample['inputs'].dtype.is_floating_point is False
    assert regions.bboxes.shape == (4, 4) and len(regions.kinds) == len(regions.labels) == 4


def test_classes_that_do_not_fit_the_model_are_named_before_training(shards):
    with pytest.raises(UserError, match=r"a\.regions\.parquet: key 'a2': object label 4 does not fit the 4 classes"):
        RegionShardDataset(shards, num_classes=dict(object=4, ocr=9))


def test_missing_shards_say_how_to_build_them(tmp_path, shards):
    with pytest.raises(UserError, match=r'build_region_data\.py'):
        RegionShardDataset(tmp_path / 'nowhere')
    (shards / 'b.tar').unlink()
    with pytest.raises(UserError, match='holds 1 shards, meta.json says 2'):
        RegionShardDataset(shards)


def test_a_row_of_an_unknown_image_is_an_error(shards):
    write_regions(regions_path(shards / 'a.tar'), [region('zz', [0, 0, 9, 9])])
    with pytest.raises(UserError, match=r"key 'zz' is not in a\.tar"):
        RegionShardDataset(shards)


def test_a_whole_image_with_its_labels_is_a_kind_of_its_own(shards):
    write_regions(regions_path(shards / 'a.tar'), [
        region('a0', [0, 0, 64, 48], 'image', [7, 3, 5]), region('a0', [0, 0, 30, 30], labels=[2])])
    sample, = RegionShardDataset(shards, PIPELINE[:2] + PIPELINE[-1:], kinds=['image'])
    regions = sample['data_samples'].gt_regions
    assert regions.kinds.tolist() == [2] and regions.labels.tolist() == [[7, 3, 5]]
    assert regions.bboxes.tolist() == [[0, 0, 32, 32]]
    with pytest.raises(UserError, match='image label 7 does not fit the 6 classes'):
        RegionShardDataset(shards, kinds=['image'], num_classes=dict(image=6))

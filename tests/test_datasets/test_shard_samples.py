"""A folder of shards as a sequence that keeps only numbers and a few tables."""
import copy
import pickle
from pathlib import Path

import numpy as np
import pytest

from mmrice.datasets import shard_samples
from mmrice.datasets.region_shard_dataset import RegionShardDataset
from mmrice.datasets.shard_format import read_regions, regions_path, write_regions
from mmrice.utils import UserError

SIZES = (5, 0, 9, 4)
BOTH = ('object', 'ocr')


@pytest.fixture
def loads(monkeypatch):
    """Names of the shards whose tables were read."""
    names, load = [], shard_samples.load_shard

    def counted(tar, *args, **options):
        names.append(Path(tar).stem)
        return load(tar, *args, **options)

    monkeypatch.setattr(shard_samples, 'load_shard', counted)
    return names


@pytest.mark.parametrize('kinds', [BOTH, ('object', ), ('ocr', )])
@pytest.mark.parametrize('listed', [True, False])
def test_samples_are_those_of_the_tables_in_order_whether_or_not_meta_counts_them(make_shards, kinds, listed):
    root = make_shards(*SIZES, listed=listed)
    dataset = RegionShardDataset(root, kinds=kinds, cache_shards=1)
    expected = [(key, region['boxes'][keep].tolist(), [region['labels'][row] for row in keep])
                for tar in sorted(root.glob('*.tar')) for key, region in read_regions(regions_path(tar)).items()
                if (keep := [row for row, kind in enumerate(region['kinds']) if kind in kinds])]
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    found = [(info['key'], info['gt_bboxes'].tolist(), [[label for label in row if label >= 0]
                                                        for row in info['gt_region_labels'].tolist()])
             for info in infos]
    assert found == expected and len(found) >= 6
    assert [info['sample_idx'] for info in infos] == list(range(len(infos)))


def test_only_the_first_table_is_read_at_the_start_and_others_when_they_are_needed(make_shards, loads):
    dataset = RegionShardDataset(make_shards(*SIZES), cache_shards=2)
    assert loads == ['000000'] and len(dataset) == 18 and dataset.shard_sizes == [5, 9, 4]
    for index in (17, 14, 5, 13, 16):  # two shards in turn stay
        dataset.get_data_info(index)
    assert loads[1:] == ['000003', '000002']
    dataset.get_data_info(0)  # takes the place of the one that was used longest ago
    dataset.get_data_info(17)
    assert loads[3:] == ['000000']
    dataset.get_data_info(5)
    assert loads[4:] == ['000002']


def test_memory_holds_numbers_alone_and_another_process_reads_its_own_tables(make_shards, loads):
    dataset = RegionShardDataset(make_shards(*SIZES), kinds=['object'])
    empty = len(pickle.dumps(dataset.data_list))
    dataset.get_data_info(3)
    assert len(pickle.dumps(dataset.data_list)) == empty
    other = pickle.loads(pickle.dumps(dataset))
    del loads[:]
    assert other.get_data_info(3)['key'] == dataset.get_data_info(3)['key'] == '0003'
    assert loads == ['000000']


@pytest.mark.parametrize(('indices', 'chosen'), [
    (7, range(7)), (-6, range(12, 18)), ([4, 3, 17, 0, 1], [4, 3, 17, 0, 1]), (0, []), ([], [])])
def test_a_subset_has_the_samples_asked_for_and_knows_which_share_a_shard(make_shards, indices, chosen):
    root = make_shards(*SIZES)
    whole = RegionShardDataset(root)
    keys = [whole.get_data_info(index)['key'] for index in range(len(whole))]
    configured = RegionShardDataset(root, indices=indices)
    changed = RegionShardDataset(root)
    changed.get_subset_(indices)
    for subset in (configured, changed, whole.get_subset(indices)):
        assert [subset.get_data_info(i)['key'] for i in range(len(subset))] == [keys[index] for index in chosen]
        assert sum(subset.shard_sizes) == len(subset)
    runs = {7: [5, 2], -6: [2, 4], 0: []}.get(indices if isinstance(indices, int) else None)
    assert runs is None or configured.shard_sizes == runs
    if len(chosen) == 5:
        assert configured.shard_sizes == [2, 1, 2]
    assert len(whole) == 18


def test_lazy_initialisation_reads_nothing_until_it_is_asked(make_shards, loads):
    dataset = RegionShardDataset(make_shards(*SIZES), lazy_init=True)
    assert loads == [] and dataset.metainfo == {}
    assert len(dataset) == 18 and dataset.metainfo['num_classes'] == {'object': 18, 'ocr': 21}


def test_a_sample_may_be_changed_without_changing_the_next_one(make_shards):
    dataset = RegionShardDataset(make_shards(*SIZES))
    before = copy.deepcopy(dataset.get_data_info(0))
    changed = dataset.get_data_info(0)
    for field in ('gt_bboxes', 'gt_kinds', 'gt_region_labels'):
        changed[field] += 5
        np.testing.assert_array_equal(dataset.get_data_info(0)[field], before[field])


def test_numbers_of_classes_are_compared_before_training_also_where_the_first_shard_would_fit(make_shards):
    root = make_shards(*SIZES)
    with pytest.raises(UserError, match=r'meta\.json: 18 object classes do not fit the 10 of the model'):
        RegionShardDataset(root, num_classes=dict(object=10))
    with pytest.raises(UserError, match=r"key '0003': object label 3 does not fit the 3 classes"):
        RegionShardDataset(root, num_classes=dict(object=3))
    assert len(RegionShardDataset(root, num_classes=dict(object=18, ocr=21))) == 18


def test_a_label_that_does_not_fit_is_an_error_when_its_shard_is_read(make_shards, edit_meta):
    root = make_shards(*SIZES)
    edit_meta(root, num_classes=dict(object=5))
    dataset = RegionShardDataset(root, num_classes=dict(object=5))
    with pytest.raises(UserError, match=r"000002\.regions\.parquet: key '0005': object label 5 does not fit"):
        dataset[7]


def test_a_table_that_meta_does_not_describe_is_an_error(make_shards, edit_meta):
    root = make_shards(*SIZES)
    dataset = RegionShardDataset(root)
    rows = [dict(key='0014', box=[0, 0, 9, 9], kind='object', score=1., labels=[1], text='')]
    write_regions(root / '000003.regions.parquet', rows)
    with pytest.raises(UserError, match=r'000003\S+: 1 images have a region of kind object or ocr, meta\.json says 4'):
        dataset[17]
    edit_meta(root, shards=[{'name': '000000'}])
    with pytest.raises(UserError, match=r'meta\.json: shards has an entry that is not'):
        RegionShardDataset(root)


@pytest.mark.parametrize('name', ['000002.tar', '000002.regions.parquet'])
def test_a_missing_file_is_found_at_the_start(make_shards, edit_meta, name):
    root = make_shards(*SIZES)
    (root / name).unlink()
    (root / 'other.tar').touch()
    edit_meta(root, num_shards=len(list(root.glob('*.tar'))))
    with pytest.raises(UserError, match=f'{name}: no such file'):
        RegionShardDataset(root)

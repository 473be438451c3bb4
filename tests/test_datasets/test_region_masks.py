"""Tags and masks of region shards, from the parquet to the patches of the network's input."""
import random
from functools import partial

import numpy as np
import pyarrow.parquet as pq
import pytest
from pycocotools import mask as coco_mask

from mmrice.datasets.region_shard_dataset import RegionShardDataset
from mmrice.datasets.shard_format import read_meta, read_table, write_meta, write_regions
from mmrice.datasets.transforms import (
    PatchMasks,
    RandomRegionFlip,
    RandomResizedRegionCrop,
    RegionLetterbox,
    SampleRegionTexts,
)
from mmrice.structures import KINDS
from mmrice.testing.tiny_shards import write_tiny_shards
from mmrice.utils import UserError

SIZE = 96, 128  # height and width of the tiny shards' images
BOX = [16, 8, 80, 56]  # not in the middle: a flip moves it


def counts(mask):
    return coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))['counts'].decode()


def box_mask(box, size=SIZE):
    mask = np.zeros(size, np.uint8)
    mask[box[1]:box[3], box[0]:box[2]] = 1
    return mask


def row(kind, box, mask='', **fields):
    return {**dict(key='000000', box=box, kind=kind, score=1., labels=[], text='', mask=mask), **fields}


@pytest.fixture
def shards(tmp_path):
    root = write_tiny_shards(tmp_path, num_images=1)
    write_regions(root / '000000.regions.parquet', [
        row('text', BOX, counts(box_mask(BOX)), text='a dog'), row('tags', BOX, counts(box_mask(BOX)), labels=[0, 3]),
        row('image_tags', [0, 0, 128, 96], labels=[0, 1, 3]), row('object', [0, 0, 64, 64], labels=[2])])
    meta = read_meta(root)
    write_meta(root, {**meta, 'num_classes': {**meta['num_classes'], 'tags': 4, 'image_tags': 4}})
    return root


def samples_of(shards, *pipeline, kinds=('text', 'tags', 'image_tags', 'object'), masks=True, **kwargs):
    pipeline = [dict(type='mmrice.LoadImageFromShard'), *pipeline]
    return RegionShardDataset(str(shards), pipeline, kinds=kinds, masks=masks, **kwargs)


def test_tags_and_masks_come_with_their_regions(shards):
    info = samples_of(shards).get_data_info(0)
    assert [KINDS[kind] for kind in info['gt_kinds']] == ['text', 'tags', 'image_tags', 'object']
    assert info['gt_region_labels'].tolist() == [[-1, -1, -1], [0, 3, -1], [0, 1, 3], [2, -1, -1]]
    assert [bool(mask) for mask in info['gt_rles']] == [True, True, False, False]


def test_masks_are_read_only_where_they_are_asked_for_and_old_shards_have_none(shards, tmp_path):
    assert 'gt_rles' not in samples_of(shards, masks=False).get_data_info(0)
    old = write_tiny_shards(tmp_path / 'old', num_images=1)
    table = read_table(old / '000000.regions.parquet')
    pq.write_table(table.drop_columns(['mask']), old / '000000.regions.parquet')
    assert 'mask' not in pq.read_schema(old / '000000.regions.parquet').names
    assert samples_of(old, kinds=('text', )).get_data_info(0)['gt_rles'].tolist() == ['', '']


def test_more_tags_than_the_model_has_are_found_at_the_start(shards):
    with pytest.raises(UserError, match='tags label 3 does not fit the 3 classes of the model'):
        samples_of(shards, num_classes=dict(tags=3)).full_init()


@pytest.mark.parametrize('fields, message', [
    (dict(kind='text', text='x', mask='a dog'), r"row 0: mask 'a dog' is no mask"),
    (dict(kind='tags'), r'row 0: labels \[\] is empty'),
    (dict(kind='image_tags', labels=[-2]), 'missing or negative'),
])
def test_a_bad_mask_or_region_without_tags_is_refused(tmp_path, fields, message):
    with pytest.raises(UserError, match=message):
        write_regions(tmp_path / 'a.parquet', [{**row('text', BOX, '3'), **fields}])


def test_a_table_without_masks_has_the_bytes_that_it_always_had(tmp_path):
    rows = [row('text', BOX, text='a dog')]
    write_regions(tmp_path / 'a', rows)
    write_regions(tmp_path / 'b', [{key: value for key, value in rows[0].items() if key != 'mask'}])
    assert (tmp_path / 'a').read_bytes() == (tmp_path / 'b').read_bytes()
    assert 'mask' not in read_table(tmp_path / 'a').column_names


@pytest.mark.parametrize('transform', [
    lambda: RegionLetterbox((80, 96)), lambda: RegionLetterbox((256, 192)),
    partial(RandomResizedRegionCrop, (64, 64)), partial(RandomResizedRegionCrop, (160, 128), area=(0.3, 0.5))])
@pytest.mark.parametrize('direction', [None, 'horizontal', 'vertical'])
def test_the_mask_of_a_box_covers_the_patches_that_the_moved_box_covers(transform, direction):
    random.seed(3)
    results = dict(img=np.zeros((*SIZE, 3), np.uint8), img_shape=SIZE, ori_shape=SIZE,
                   gt_bboxes=np.array([BOX], np.float32), gt_kinds=np.array([KINDS.index('image')]),
                   gt_region_labels=np.zeros((1, 1), np.int64), gt_rles=np.array([counts(box_mask(BOX))], dtype=object))
    results = transform()(results)
    if direction:
        results = RandomRegionFlip(prob=1., direction=direction)(results)
    found = PatchMasks(16)(results)['patch_masks'][0]
    height, width = results['img_shape']
    x1, y1, x2, y2 = results['gt_bboxes'][0]
    ends = [np.diff(np.clip(np.arange(side // 16 + 1) * 16, low, high)) / 16
            for side, low, high in ((height, y1, y2), (width, x1, x2))]
    np.testing.assert_allclose(found / 255, np.outer(*ends), atol=0.08)  # a border pixel is blurred when it is resized
    assert found.dtype == np.uint8 and found.max() > 250


def test_patches_that_the_input_is_padded_to_are_not_covered():
    whole = counts(np.ones((20, 40)))
    results = dict(img_shape=(20, 40), ori_shape=(20, 40), gt_rles=np.array([whole, ''], dtype=object))
    found = PatchMasks(16)(results)['patch_masks']
    assert found.shape == (2, 2, 3) and not found[1].any()
    np.testing.assert_allclose(found[0] / 255, [[1, 1, 0.5], [0.25, 0.25, 0.125]], atol=0.01)


def test_a_mask_of_another_size_than_its_image_is_skipped_and_counted(shards):
    write_regions(shards / '000000.regions.parquet', [
        row('text', BOX, counts(box_mask(BOX, (96, 127))), text='a dog')])
    meta = read_meta(shards)
    write_meta(shards, {name: value for name, value in meta.items() if name != 'shards'})
    dataset = samples_of(shards, dict(type='mmrice.PatchMasks', patch_size=16), kinds=('text', ), max_skipped=5)
    assert dataset.prepare_data(0) is None
    assert dataset.skipped.total == 1


def test_masks_that_were_not_read_are_asked_for():
    with pytest.raises(UserError, match='Set masks=True in the RegionShardDataset'):
        PatchMasks(16)(dict(img_shape=SIZE))


def test_draws_are_of_each_kind_and_keep_the_tags_of_the_image():
    kinds = ['object'] * 4 + ['text'] * 3 + ['tags'] * 3 + ['image_tags', 'caption']
    numbers = np.array([KINDS.index(kind) for kind in kinds])
    results = dict(gt_texts=np.array(kinds, dtype=object), gt_kinds=numbers, gt_bboxes=np.zeros((len(kinds), 4)),
                   gt_region_labels=np.arange(len(kinds))[:, None])
    drawn = SampleRegionTexts(num_regions=2, num_labelled=3)(results)
    assert [KINDS[kind] for kind in drawn['gt_kinds']] == ['object'] * 3 + ['text'] * 2 + ['tags'] * 2 + ['image_tags']
    assert drawn['caption'] == 'caption'
    assert drawn['gt_texts'].tolist() == [kinds[label] for label in drawn['gt_region_labels'][:, 0]]


def test_regions_keep_their_patches_when_some_are_drawn_behind(shards):
    pipeline = [dict(type='mmrice.PatchMasks', patch_size=16), dict(type='mmrice.SampleRegionTexts', num_regions=1)]
    sample = samples_of(shards, *pipeline, kinds=('text', 'tags', 'image_tags')).prepare_data(0)
    covered = {KINDS[kind]: bool(mask.any()) for kind, mask in zip(sample['gt_kinds'], sample['patch_masks'])}
    assert covered == {'text': True, 'tags': True, 'image_tags': False}


def test_tags_alone_are_drawn_without_texts(shards):
    sample = samples_of(shards, dict(type='mmrice.SampleRegionTexts'), kinds=('tags', 'image_tags')).prepare_data(0)
    assert [KINDS[kind] for kind in sample['gt_kinds']] == ['tags', 'image_tags'] and sample['caption'] == ''


@pytest.mark.parametrize(('first', 'second'), [
    (dict(type='mmrice.RegionResize', scale=(64, 64)), dict(type='mmrice.RegionLetterbox', scale=(96, 96))),
    (dict(type='mmrice.RandomRegionFlip', prob=1., direction='horizontal'),
     dict(type='mmrice.RandomResizedRegionCrop', scale=(64, 64)))], ids=['resized twice', 'flipped before'])
def test_masks_that_could_not_follow_their_image_are_one_clear_error(shards, first, second):
    with pytest.raises(UserError, match='masks follow one crop or resize, and a flip behind it'):
        samples_of(shards, first, second).prepare_data(0)


def test_a_resize_of_another_project_is_one_clear_error(shards):
    from mmcv.transforms import Resize
    results = samples_of(shards).prepare_data(0)
    with pytest.raises(UserError, match='was resized by a transform that does not say how'):
        PatchMasks(16)(Resize(scale=(64, 48))(results))

"""Referring expressions of the scenes, RefCOCO's layout of them, and the drawing of some."""
import json
import random

import numpy as np
import pytest

from mmrice.datasets.mini.refs import refs_of
from mmrice.datasets.mini.scenes import write_scenes
from mmrice.datasets.transforms import SampleExpressions
from mmrice.testing.layouts.refcoco import DATASETS, write_refcoco
from mmrice.testing.mini_material import drawn_material


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    folder = tmp_path_factory.mktemp('scenes')
    write_scenes(*drawn_material(), folder, dict(train=3, val=6), size=96, seed=0)
    return folder


def thing(image, name, label=9):
    return dict(image_id=image, category_id=label, name=name)


def entry(image, *phrases):
    return dict(image_id=image, file_name=f'{image}.jpg', regions=[dict(phrase=phrase) for phrase in phrases])


def test_an_expression_names_one_thing_of_its_scene():
    annotations = [thing(1, 'coin'), thing(1, 'coin'), thing(2, 'coin'), thing(2, 'egg'), thing(2, 'egg'),
                   thing(2, 'EXIT', 10)]
    texts = [entry(1, 'a coin at the left', 'a coin at the right'),
             entry(2, 'a coin at the left', 'an egg at the top', 'an egg at the top', 'the word "EXIT" at the top')]
    refs = refs_of(annotations, texts, 'train')
    assert [(ref['ann_id'], [sentence['raw'] for sentence in ref['sentences']]) for ref in refs] == [
        (1, ['a coin at the left']), (2, ['a coin at the right']), (3, ['a coin at the left', 'a coin']),
        (6, ['the word "EXIT" at the top', 'the word "EXIT"'])]
    assert [ref['ref_id'] for ref in refs] == [1, 2, 3, 4]
    assert [number for ref in refs for number in ref['sent_ids']] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize('name', DATASETS)
def test_mmdetection_reads_the_layout_with_the_mask_of_each_expression(name, scenes, tmp_path):
    pytest.importorskip('mmdet')
    from mmdet.datasets import RefCocoDataset
    from pycocotools import mask
    write_refcoco(scenes, tmp_path / 'coco')
    file, held_out = DATASETS[name]
    regions = {(f'{split}{line["image_id"]}', region['phrase'].lower()): region['box'] for split in ('train', 'val')
               for line in map(json.loads, (scenes / 'text' / f'{split}.jsonl').read_text('utf-8').splitlines())
               for region in line['regions']}
    sizes = {}
    for split in ('train', *held_out):
        data = RefCocoDataset(f'{tmp_path}/coco/', f'{name}/instances.json', f'{name}/{file}',
                              dict(img_path='train2014/'), split=split, text_mode='original')
        sizes[split] = len(data)
        for item in data:
            image = f'train{item["img_id"]}' if split == 'train' else f'val{item["img_id"] - 3}'
            for text, instance in zip(item['text'], item['instances']):
                rows, columns = np.nonzero(mask.decode(instance['mask']))
                box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
                assert regions.get((image, text), box) == box
            assert any((image, text) in regions for text in item['text'])
    assert sizes['train'] == 3 and sum(sizes.values()) == 9


def test_expressions_stay_with_their_masks_and_all_are_drawn_in_time():
    random.seed(0)
    whole = dict(text=list('abcdef'), instances=list('ABCDEF'))
    seen = set()
    for _ in range(30):
        drawn = SampleExpressions(4).transform(dict(whole))
        assert [text.upper() for text in drawn['text']] == drawn['instances'] and len(set(drawn['text'])) == 4
        seen.update(drawn['text'])
    assert seen == set('abcdef') and len(whole['text']) == 6


def test_few_expressions_are_left_as_they_are():
    assert SampleExpressions(4).transform(dict(text=['a'], instances=['A'])) == dict(text=['a'], instances=['A'])

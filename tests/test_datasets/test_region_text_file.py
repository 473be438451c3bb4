import json

import numpy as np
import pytest
from mmengine.registry import DefaultScope

import mmrice  # noqa: F401 before a host
from mmrice.registry import DATASETS
from mmrice.utils import UserError

GOOD = dict(file_name='a.jpg', caption='a cat', words=[], regions=[
    dict(box=[1, 2, 30, 40.5], phrase='a cat', category='pet'), dict(box=[0, 0, 5, 5]),
    dict(box=[3, 3, 9, 9], phrase='')])


def build(folder, *lines, pipeline=()):
    (folder / 'texts.jsonl').write_text('\n'.join(line if isinstance(line, str) else json.dumps(line)
                                                  for line in lines))
    with DefaultScope.overwrite_default_scope('mmdet'):
        return DATASETS.build(dict(type='mmrice.RegionTextFile', data_root=str(folder), ann_file='texts.jsonl',
                                   data_prefix=dict(img='images'), test_mode=True, pipeline=list(pipeline)))


def test_each_line_is_an_image_with_captions_and_the_boxes_that_have_a_phrase(tmp_path):
    dataset = build(tmp_path, GOOD, '', dict(file_name='b.jpg', image_id=7, caption=['one', 'two']))
    first, second = dataset[0], dataset[1]
    assert first['img_path'] == str(tmp_path / 'images' / 'a.jpg') and first['img_id'] == 1
    assert first['phrases'] == ['a cat'] and first['captions'] == ['a cat']
    assert [item['bbox'] for item in first['instances']] == [[1, 2, 30, 40.5]]
    assert (second['img_id'], second['captions'], second['phrases']) == (7, ['one', 'two'], [])


def test_samples_carry_phrases_and_boxes_of_the_stored_image(tmp_path):
    import mmcv
    mmcv.imwrite(np.zeros((50, 80, 3), np.uint8), str(tmp_path / 'images' / 'a.jpg'))
    dataset = build(tmp_path, GOOD, pipeline=[
        dict(type='LoadImageFromFile'), dict(type='mmrice.Letterbox', scale=32),
        dict(type='mmdet.LoadAnnotations', with_bbox=True),
        dict(type='mmdet.PackDetInputs', meta_keys=('ori_shape', 'img_shape', 'scale_factor', 'pad_offset', 'phrases',
                                                    'captions'))])
    sample = dataset[0]['data_samples']
    assert sample.gt_instances.bboxes.tensor.tolist() == [[1, 2, 30, 40.5]]
    assert (sample.phrases, sample.captions, sample.pad_offset) == (['a cat'], ['a cat'], (0, 6))
    assert sample.ori_shape == (50, 80) and sample.img_shape == (32, 32) and sample.scale_factor == (0.4, 0.4)


def region(**changed):
    return dict(GOOD, regions=[dict(dict(box=[1, 2, 3, 4], phrase='x'), **changed)])


@pytest.mark.parametrize('line, match', [
    ('{', 'not valid JSON'), ('[]', "no 'file_name'"), (dict(caption='x'), "no 'file_name'"),
    (dict(file_name='a', caption=3), "'caption' is 3, expected a text"),
    (dict(file_name='a', regions=['x']), "'regions'"), (region(phrase=['x']), r"region 1: 'phrase' is \['x'\]"),
    (region(box=[4, 2, 3, 4]), "region 1: 'box' is .*x1 < x2"), (region(box=None), "'box' is None"),
    (region(box=[1, 2, 3, float('nan')]), "'box' is"),
])
def test_a_line_in_another_format_is_named_with_what_is_wrong(tmp_path, line, match):
    with pytest.raises(UserError, match=f'texts.jsonl: line 2: .*{match}'):
        build(tmp_path, GOOD, line)

"""Tags and masks in a build, with their vocabulary."""
import json

import numpy as np
import pytest
from killing import build, state

from mmrice.data_engine.maskers.coco_masks import encode_mask
from mmrice.datasets.shard_format import read_meta, read_table
from mmrice.utils import UserError
from mmrice.utils.rle import decode_rle

pytest.importorskip('nltk')
pytest.importorskip('textblob')
NAMES = ['disc', 'corner', 'ring', 'sea']


def disc(number):
    mask = np.zeros((128, 128), bool)
    mask[10:60, 4 * number + 2:4 * number + 50] = True
    return mask


@pytest.fixture
def levels(texts, text_file, tmp_path):
    """An engine of all levels, of images 00 to 08, seven of which have two regions: a disc with a mask, and a corner
    with tags and without a mask; and a region with tags alone in 01."""
    lines = [json.loads(line) for line in text_file.read_text().splitlines()]
    for number, line in enumerate(lines):
        line['tags'] = ['Disc', 'sea'] if number % 2 else ['unheard of']
        for region, more in zip(line['regions'], ({'mask': {'size': [128, 128], 'counts': encode_mask(disc(number))}},
                                                  {'tags': ['corner', 'strange']})):
            region.update(more)
    lines[1]['regions'].append({'box': [9, 9, 40, 50], 'tags': ['sea', 'ring']})
    text_file.write_text(''.join(json.dumps(line) + '\n' for line in lines))
    (tmp_path / 'names.txt').write_text('\n'.join(NAMES))
    files = {'photos': str(text_file)}
    return {**texts, 'tag': {'type': 'mmrice.AnnotatedTags', 'files': files},
            'mask': {'type': 'mmrice.AnnotatedMasks', 'files': files},
            'label': {'tags': {'type': 'mmrice.TagList', 'path': str(tmp_path / 'names.txt')}}}


def rows(out, *kinds):
    return [row for shard in range(3) for row in read_table(out / f'{shard:06d}.regions.parquet').to_pylist()
            if row['kind'] in kinds]


def test_tags_become_indices_and_masks_stand_in_the_rows_of_their_boxes(levels, tmp_path):
    build(levels, tmp_path / 'out')
    images = rows(tmp_path / 'out', 'image_tags')
    assert [(row['key'], row['labels'], row['box']) for row in images] == [
        (f'photos_{number:02d}', [0, 3], [0, 0, 128, 128]) for number in (1, 3, 5, 7)]
    tags = {(row['key'], *row['box']): row for row in rows(tmp_path / 'out', 'tags')}
    assert len(tags) == 9 and tags['photos_01', 9, 9, 40, 50]['labels'] == [3, 2]
    assert all(row['labels'] == [1] for key, row in tags.items() if key[1] == 0)
    phrases = rows(tmp_path / 'out', 'text')
    for row in phrases:
        number = int(row['key'][-2:])
        if row['text'] == 'the corner':
            assert row['mask'] == tags[(row['key'], *row['box'])]['mask'] == ''
        else:
            np.testing.assert_array_equal(decode_rle(row['mask'], (128, 128)), disc(number))
    assert {row['text'] for row in phrases} >= {'the corner', 'disc 8'}


def test_regions_with_equal_boxes_keep_their_own_masks_when_one_has_no_tag(levels, text_file, tmp_path):
    masks = [encode_mask(disc(number)) for number in range(3)]
    regions = [{'box': [0, 0, 90, 90], 'phrase': phrase, 'mask': {'size': [128, 128], 'counts': mask}}
               for phrase, mask in zip(('and so on', 'a ring', 'the sea'), masks)]
    text_file.write_text(json.dumps({'file_name': '00.jpg', 'regions': regions}) + '\n')
    levels['tag'] = {'type': 'mmrice.TextTags'}
    build({**levels, 'label': {'tags': {'type': 'mmrice.TagVocabulary', 'min_count': 1}}}, tmp_path / 'out')
    assert [(row['text'], row['mask']) for row in rows(tmp_path / 'out', 'text')] == [
        (region['phrase'], mask) for region, mask in zip(regions, masks)]
    assert [(row['labels'], row['mask']) for row in rows(tmp_path / 'out', 'tags')] == [
        ([0], masks[1]), ([1], masks[2])]  # ring, sea


def test_regions_with_equal_boxes_keep_their_own_masks_when_one_has_tags_alone(levels, text_file, tmp_path):
    masks = [encode_mask(disc(number)) for number in range(2)]
    regions = [{'box': [0, 0, 90, 90], 'tags': ['sea']}, {'box': [0, 0, 90, 90], 'phrase': 'the grass'},
               {'box': [0, 0, 90, 90], 'tags': ['ring'], 'phrase': 'a ring'}]
    for region, mask in zip(regions, masks):
        region['mask'] = {'size': [128, 128], 'counts': mask}
    text_file.write_text(json.dumps({'file_name': '00.jpg', 'regions': regions}) + '\n')
    for name, parts in (('both', {}), ('phrases', {'tag': None}), ('tags', {'ground': None})):
        build({**levels, **parts}, tmp_path / name)
        assert [(row['text'], row['mask']) for row in rows(tmp_path / name, 'text')] == (
            [('the grass', masks[1]), ('a ring', '')] if name != 'tags' else [])
        assert [(row['labels'], row['mask']) for row in rows(tmp_path / name, 'tags')] == (
            [([3], masks[0]), ([2], '')] if name != 'phrases' else [])


def test_a_box_that_cannot_be_is_left_out_once_however_many_stages_read_it(levels, text_file, tmp_path):
    regions = [{'box': [5, 5, 5, 9], 'phrase': 'a ring', 'tags': ['ring']}, {'box': [0, 0, 9, 9], 'phrase': ''}]
    text_file.write_text(json.dumps({'file_name': '00.jpg', 'regions': regions}) + '\n')
    (tmp_path / 'other.jsonl').write_bytes(text_file.read_bytes())
    for path, count in ((text_file, 2), (tmp_path / 'other.jsonl', 3)):
        levels['tag']['files'] = {'photos': str(path)}
        build(levels, tmp_path / 'out')
        assert read_meta(tmp_path / 'out')['left_out']['invalid_boxes'] == count


def test_the_build_says_what_it_has_and_what_it_left_out(levels, tmp_path):
    build(levels, tmp_path / 'out')
    meta = read_meta(tmp_path / 'out')
    assert meta['num_classes'] == {'tags': 4, 'image_tags': 4} and meta['left_out']['unknown_tags'] == 5 + 8
    assert meta['num_regions'] == {'caption': 9, 'text': 16, 'tags': 9, 'image_tags': 4}
    assert meta['shards'][1]['kinds'] == {'text+caption+tags+image_tags': 1, 'text+caption+tags': 2}
    assert json.loads((tmp_path / 'out' / 'tag_vocab.json').read_text()) == NAMES


def test_the_vocabulary_of_the_data_is_counted_over_all_shards_and_leaves_with_its_stage(levels, tmp_path):
    levels['label'] = {'tags': {'type': 'mmrice.TagVocabulary', 'min_count': 4}}
    build(levels, tmp_path / 'out')
    vocabulary = tmp_path / 'out' / 'tag_vocab.json'
    assert json.loads(vocabulary.read_text()) == ['corner', 'disc', 'sea', 'strange', 'unheard of']
    build({**levels, 'tag': None, 'label': {}}, tmp_path / 'out')
    assert not vocabulary.exists() and rows(tmp_path / 'out', 'tags', 'image_tags') == []
    assert sum(bool(row['mask']) for row in rows(tmp_path / 'out', 'text')) == 8


def test_tags_out_of_texts_need_no_files(levels, tmp_path):
    levels['tag'] = {'type': 'mmrice.TextTags', 'names': levels['label']['tags']['path']}
    build(levels, tmp_path / 'out')
    assert [row['labels'] for row in rows(tmp_path / 'out', 'image_tags')] == [[0]] * 8
    assert sorted(row['labels'][0] for row in rows(tmp_path / 'out', 'tags')) == [0] * 8 + [1] * 8


@pytest.mark.parametrize('stage, change', [
    ('tag', {'type': 'mmrice.TextTags', 'adjectives': False}), ('mask', {'min_iou': 0.9}),
    ('tag_vocabulary', {'tags': {'type': 'mmrice.TagVocabulary', 'min_count': 1}})])
def test_a_stage_that_is_killed_before_its_stamp_is_made_anew(levels, tmp_path, kill_before_stamp, stage, change):
    kill_before_stamp(stage, levels, tmp_path / 'out')
    build(levels, tmp_path / 'out')
    build(levels, tmp_path / 'whole')
    expected = state(tmp_path / 'whole')
    assert state(tmp_path / 'out') == expected
    part = {'tag_vocabulary': 'label'}.get(stage, stage)
    other = {**levels, part: change if 'type' in change else {**levels[part], **change}}
    kill_before_stamp(stage, other, tmp_path / 'out')  # the outputs of other settings beside the stamp of the old ones
    assert not (tmp_path / 'out' / 'meta.json').exists()
    build(levels, tmp_path / 'out')
    assert state(tmp_path / 'out') == expected


@pytest.mark.parametrize('change, message', [
    ({'label': {}}, "engine.label.tags is None, expected a dict with 'type'"),
    ({'ground': None, 'tag': None}, 'engine.ground is missing from the config: engine.mask finds'),
    ({'ground': None, 'caption': None, 'tag': {'type': 'mmrice.TextTags'}}, 'engine.caption is missing from the conf')])
def test_an_engine_that_lacks_what_tags_or_masks_need_is_refused(levels, tmp_path, change, message):
    with pytest.raises(UserError, match=message):
        build({**levels, **change}, tmp_path / 'out')

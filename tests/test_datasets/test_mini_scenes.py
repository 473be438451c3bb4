"""The files of the mini scenes, written from drawn cut-outs."""
import contextlib
import io
import json

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from mmrice.datasets.mini.cutouts import THINGS, cut, parse_rings, ring_mask
from mmrice.datasets.mini.outlines import OUTLINES
from mmrice.datasets.mini.scenes import write_scenes
from mmrice.testing.mini_material import drawn_material

COUNTS = dict(train=5, val=3)


def write(folder, seed=0):
    folder.mkdir()
    return write_scenes(*drawn_material(), folder, COUNTS, size=96, seed=seed)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('mini') / 'scenes'
    write(folder)
    return folder


def load(path):
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def test_same_seed_writes_the_same_bytes_and_another_seed_others(root, tmp_path):
    write(tmp_path / 'again')
    write(tmp_path / 'other', seed=1)
    assert files_of(root) == files_of(tmp_path / 'again')
    assert files_of(root)['train/000001.jpg'] != files_of(tmp_path / 'other')['train/000001.jpg']


@pytest.mark.parametrize('split', ['train', 'val'])
def test_boxes_equal_the_extents_of_their_masks(root, split):
    coco = load(root / 'annotations' / f'{split}.json')
    assert len(coco.imgs) == COUNTS[split] and coco.anns
    for annotation in coco.anns.values():
        mask = coco.annToMask(annotation)
        rows, columns = np.nonzero(mask)
        x, y, width, height = annotation['bbox']
        assert [x, y] == [columns.min(), rows.min()]
        assert [x + width, y + height] == [columns.max() + 1, rows.max() + 1]
        assert annotation['area'] == mask.sum()


def test_panoptic_image_shows_the_same_things_as_the_instances(root):
    coco = load(root / 'annotations' / 'train.json')
    panoptic = json.loads((root / 'annotations' / 'panoptic_train.json').read_text())
    is_thing = {category['id']: category['isthing'] for category in panoptic['categories']}
    for entry in panoptic['annotations']:
        ids = np.asarray(Image.open(root / 'panoptic_train' / entry['file_name'])).astype(int) @ [1, 256, 65536]
        things = [segment for segment in entry['segments_info'] if is_thing[segment['category_id']]]
        instances = coco.loadAnns(coco.getAnnIds([entry['image_id']]))
        assert len(things) == len(instances)
        for segment, instance in zip(things, instances):
            np.testing.assert_array_equal(ids == segment['id'], coco.annToMask(instance) > 0)


def test_label_maps_hold_only_known_classes(root):
    classes = json.loads((root / 'classes.json').read_text())
    assert classes['segmentation'] == classes['things'] + classes['stuff']
    for path in (root / 'seg').rglob('*.png'):
        labels = np.asarray(Image.open(path))
        assert labels.dtype == np.uint8 and labels.shape == (96, 96)
        assert labels.max() < len(classes['segmentation'])


def test_transcripts_name_each_word_once(root):
    coco = load(root / 'annotations' / 'val.json')
    lines = (root / 'text' / 'val.jsonl').read_text(encoding='utf-8').splitlines()
    assert len(lines) == COUNTS['val']
    for entry in map(json.loads, lines):
        assert (root / 'val' / entry['file_name']).is_file()
        instances = coco.loadAnns(coco.getAnnIds([entry['image_id']]))
        texts = [instance['name'] for instance in instances if THINGS[instance['category_id'] - 1] == 'text']
        assert [word['text'] for word in entry['words']] == texts
        assert len(entry['regions']) == len(instances)


def test_masked_phrases_are_those_of_the_things_and_of_the_stuff_that_the_label_maps_show(root):
    classes = json.loads((root / 'classes.json').read_text())
    plain, masked = ([json.loads(line) for line in (root / 'text' / name).read_text('utf-8').splitlines()]
                     for name in ('train.jsonl', 'train_masks.jsonl'))
    for few, many in zip(plain, masked):
        regions = [{key: value for key, value in region.items() if key != 'mask'} for region in many['regions']]
        assert regions[:len(few['regions'])] == few['regions']
        labels = np.asarray(Image.open(root / 'seg' / 'train' / few['file_name'].replace('.jpg', '.png')))
        for region in many['regions']:
            mask = coco_mask.decode(region['mask']) > 0
            assert (labels[mask] == classes['segmentation'].index(region['category'])).all()
            rows, columns = np.nonzero(mask)
            assert region['box'] == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        shown = {classes['segmentation'][kind] for kind in np.unique(labels) if (labels == kind).mean() >= 0.01}
        stuff = [region['category'] for region in many['regions'][len(few['regions']):]]
        assert set(stuff) == shown & set(classes['stuff']) and len(stuff) == len(set(stuff))


def test_traced_outlines_are_rings_with_an_inside():
    for outlines in OUTLINES.values():
        for outline in outlines:
            rings = parse_rings(outline.rings)
            points = np.concatenate(rings)
            width, height = (points.max(axis=0) + 2).astype(int).tolist()
            assert outline.label in THINGS and outline.split in ('train', 'val')
            assert min(map(len, rings)) >= 3
            assert ring_mask(rings, (width, height)).sum() > 600


def test_a_second_ring_is_a_hole():
    mask = ring_mask([[(0, 0), (9, 0), (9, 9), (0, 9)], [(3, 3), (6, 3), (6, 6), (3, 6)]], (12, 12))
    assert mask[1, 1] and not mask[4, 4] and not mask[11, 11]


def test_cut_crops_to_the_mask():
    mask = np.zeros((20, 30), dtype=bool)
    mask[5:9, 10:16] = True
    pixels = cut(Image.new('RGB', (30, 20), 'red'), mask)
    assert pixels.size == (6, 4)
    assert np.asarray(pixels)[..., 3].min() == 255

"""The data of the scaled-down experiment: what is tested was not trained on, and the oracle knows the truth."""
import json
from pathlib import Path

import numpy as np
import pytest

import mmrice  # noqa: F401
from mmrice.datasets.mini.coco import write_coco
from mmrice.datasets.mini.scenes import write_scenes
from mmrice.datasets.shard_format import read_meta, read_regions
from mmrice.testing.mini_material import drawn_material
from mmrice.utils import UserError

PROJECT = Path(__file__).resolve().parents[1] / 'projects' / 'scaled_rice'
TREES = [dict(image_id=1, category_id=1, bbox=[10. * place, 8. * place, 12., 10.], area=120.) for place in range(4)]


@pytest.fixture(autouse=True)
def project_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(PROJECT))


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp('data')
    (root / 'probes' / 'scenes').mkdir(parents=True)
    write_scenes(*drawn_material(), root / 'probes' / 'scenes', dict(train=7, val=4), size=96, seed=0)
    for split in ('train', 'val'):
        write_coco(root / 'probes' / 'trees' / 'annotations' / f'{split}.json',
                   [dict(id=1, file_name='a.jpg', width=64, height=64)], TREES, ['tree'], '')
    return root


@pytest.fixture
def splits(data):
    from scaled_rice.splits import write_splits
    return {path.stem: json.loads(path.read_text())
            for path in write_splits(data, bank=3, validation=2, seen=2) if path.suffix == '.json'}


def files(coco):
    return {image['file_name'] for image in coco['images']}


def test_scenes_for_learning_choosing_and_testing_are_apart(splits, data):
    parts = [files(splits[name]) for name in ('bank', 'validation', 'seen')]
    assert [len(part) for part in parts] == [3, 2, 2] and len(set.union(*parts)) == 7
    assert files(splits['unseen']) == files(json.loads((data / 'probes/scenes/annotations/val.json').read_text()))
    assert not files(splits['words_unseen_bank']) & files(splits['words_unseen'])
    assert len(files(splits['words_unseen_bank']) | files(splits['words_unseen'])) == 4
    stems = (data / 'splits' / 'seen.txt').read_text().split()
    assert {f'{stem}.jpg' for stem in stems} == files(splits['seen'])


def test_words_of_all_parts_are_numbered_alike_and_stand_where_the_scenes_have_them(splits, data):
    assert len({json.dumps(splits[f'words_{name}']['categories']) for name in ('bank', 'seen', 'unseen')}) == 1
    line = json.loads((data / 'probes/scenes/text/train.jsonl').read_text().splitlines()[0])
    names = {item['id']: item['name'] for item in splits['words_bank']['categories']}
    found = [(names[item['category_id']], item['bbox']) for item in splits['words_bank']['annotations']
             if item['image_id'] == line['image_id']]
    assert found == [(word['text'], [*word['box'][:2], word['box'][2] - word['box'][0],
                                     word['box'][3] - word['box'][1]]) for word in line['words']]


def test_background_boxes_are_as_large_as_the_trees_inside_the_tile_and_free_of_them(splits):
    items = splits['trees_val']['annotations']
    trees, others = ([item['bbox'] for item in items if item['category_id'] == number] for number in (1, 2))
    assert len(trees) == len(others) == 4
    for x, y, width, height in others:
        assert [width, height] == [12., 10.] and 0 <= x <= 64 - width and 0 <= y <= 64 - height
        assert not any(x < tx + tw and tx < x + width and y < ty + th and ty < y + height for tx, ty, tw, th in trees)


def test_too_few_scenes_are_named(data):
    from scaled_rice.splits import write_splits
    with pytest.raises(UserError, match='has 7 training scenes, expected 9 or more'):
        write_splits(data, bank=5, validation=2, seen=2)


def test_the_oracle_has_the_true_boxes_names_and_words(data, tmp_path):
    from scaled_rice.oracle import write_oracle
    counts = write_oracle(data / 'probes' / 'scenes', tmp_path)
    coco = json.loads((data / 'probes/scenes/annotations/train.json').read_text())
    meta, regions = read_meta(tmp_path), read_regions(tmp_path / '000000.regions.parquet')
    assert meta['num_regions'] == {kind: counts[f'{kind} regions'] for kind in ('object', 'ocr')}
    assert sum(meta['num_regions'].values()) == len(coco['annotations'])
    labels = {}
    for image in coco['images']:
        own = regions[Path(image['file_name']).stem]
        true = [item for item in coco['annotations'] if item['image_id'] == image['id']]
        x, y, width, height = np.array([item['bbox'] for item in true], np.float32).T
        np.testing.assert_allclose(own['boxes'], np.stack([x, y, x + width, y + height], axis=1))
        for item, kind, label in zip(true, own['kinds'], own['labels']):
            labels.setdefault((str(kind), int(label[0])), set()).add(item['name'])
    assert all(len(names) == 1 for names in labels.values()) and len(labels) == sum(meta['num_classes'].values())


def test_phrases_lose_their_places_alone(data):
    from scaled_rice.phrases import write_phrases
    scenes = data / 'probes' / 'scenes'
    count = write_phrases(scenes)
    before, after = ([json.loads(line) for line in (scenes / 'text' / f'{name}.jsonl').read_text().splitlines()]
                     for name in ('train', 'train_things'))
    pairs = [(old['regions'], new['regions']) for old, new in zip(before, after, strict=True)]
    assert count == sum(len(regions) for regions, _ in pairs) > 0
    places = set()
    for old, new in (pair for regions in pairs for pair in zip(*regions, strict=True)):
        assert old['phrase'].startswith(f'{new["phrase"]} ') and {**old, 'phrase': ''} == {**new, 'phrase': ''}
        places.add(old['phrase'][len(new['phrase']):])
    assert len(places) > 1 and all(place.startswith((' at the ', ' in the middle')) for place in places)
    assert not [new for _, regions in pairs for new in regions if ' at the ' in new['phrase']]


def test_a_phrase_without_its_place_is_named(data, tmp_path):
    from scaled_rice.phrases import write_phrases
    (tmp_path / 'annotations').mkdir()
    (tmp_path / 'text').mkdir()
    (tmp_path / 'annotations' / 'train.json').write_text(json.dumps(dict(images=[dict(width=90)])))
    entry = dict(regions=[dict(box=[0, 0, 9, 9], phrase='a coin at the bottom')])
    (tmp_path / 'text' / 'train.jsonl').write_text(json.dumps(entry))
    with pytest.raises(UserError, match="line 1: phrase 'a coin at the bottom' does not end with ' at the top left'"):
        write_phrases(tmp_path)
    with pytest.raises(UserError, match='train.jsonl: no such file'):
        write_phrases(tmp_path / 'nowhere')
    assert [path.name for path in (tmp_path / 'text').iterdir()] == ['train.jsonl']


@pytest.mark.parametrize('left', ['nothing', 'old', 'part of a copy'])
def test_shards_are_copied_whole_over_what_a_kill_has_left(left, tmp_path, monkeypatch):
    import runpy
    import sys
    source, out = tmp_path / 'regions', tmp_path / 'clusters5'
    (source / '.work').mkdir(parents=True)
    (source / 'meta.json').write_text('new')
    if left == 'old':
        (out / '.work').mkdir(parents=True)
        (out / 'stale').write_text('')
    if left == 'part of a copy':
        (tmp_path / '.clusters5.new').mkdir()
        (tmp_path / '.clusters5.new' / 'stale').write_text('')
    monkeypatch.setattr(sys, 'argv', ['prepare.py', 'copy', str(source), str(out)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(PROJECT / 'prepare.py'), run_name='__main__')
    assert not ended.value.code
    assert sorted(path.name for path in out.iterdir()) == ['.work', 'meta.json']
    assert sorted(path.name for path in tmp_path.iterdir()) == ['clusters5', 'regions']

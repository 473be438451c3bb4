import json
import pickle
import shutil
import sys
from pathlib import Path

import pytest

from mmrice.data_checks import DATASETS, check_dataset
from mmrice.datasets.mini.scenes import write_scenes
from mmrice.testing.layouts.ade import write_ade
from mmrice.testing.layouts.cityscapes import write_cityscapes
from mmrice.testing.layouts.coco import write_coco, write_lvis
from mmrice.testing.layouts.coco_stuff import write_coco_stuff
from mmrice.testing.layouts.context import write_context
from mmrice.testing.layouts.imagenet import write_imagenet
from mmrice.testing.layouts.panoptic import write_ade_panoptic, write_coco_panoptic
from mmrice.testing.layouts.voc import write_voc, write_voc07
from mmrice.testing.mini_material import drawn_material
from mmrice.utils import UserError

TOOLS = Path(__file__).resolve().parents[2] / 'tools' / 'dataset_converters'
TINY = dict(train=4, val=2)
COUNTS = {'coco': TINY, 'coco-panoptic': TINY, 'lvis': dict(TINY, train2017=4, val2017=2), 'ade20k': TINY,
          'ade20k-panoptic': TINY, 'cityscapes': TINY, 'voc12aug': dict(images=6, train=1, val=2, aug=3),
          'voc07': dict(test=2), 'context': TINY, 'coco-stuff164k': TINY,
          'imagenet': dict(train=8, val=4), 'refcoco': dict(train2014=1, images=1, refs=1),
          'refcoco+': dict(train2014=1, images=1, refs=1), 'refcocog': dict(train2014=1, images=1, refs=1)}
DAMAGE = [  # dataset, what is removed, what the message names
    ('coco', 'train2017', 'train2017.zip'), ('coco', 'val2017/*', 'val2017'),
    ('coco', 'annotations/instances_val2017.json', 'annotations_trainval2017.zip'),
    ('coco-panoptic', 'annotations/panoptic_train2017/*', 'panoptic_annotations_trainval2017.zip'),
    ('lvis', 'annotations/lvis_v1_val.json', 'lvisdataset.org'), ('lvis', 'val2017/*', 'val2017.zip'),
    ('ade20k', 'annotations/training/*', 'ADEChallengeData2016.zip'),
    ('ade20k-panoptic', 'ade20k_panoptic_val.json', 'ade20k2coco.py'),
    ('cityscapes', 'gtFine/val/*/*', 'cityscapes.py'), ('voc12aug', 'ImageSets/Segmentation/aug.txt', 'voc_aug.py'),
    ('voc07', 'Annotations/*', 'VOCtest_06-Nov-2007.tar'),
    ('context', 'SegmentationClassContext/*', 'pascal_context.py'),
    ('coco-stuff164k', 'annotations/val2017/*', 'coco_stuff164k.py'),
    ('voc12aug', 'SegmentationClassAug/2012_train_*', 'voc_aug.py'), ('imagenet', 'meta/val.txt', 'meta/val.txt'),
    ('imagenet', 'train/*/*', 'ILSVRC2012_img'), ('refcoco', 'refcoco/refs(unc).p', 'refcoco.zip'),
    ('refcoco', 'train2014/*', 'train2014.zip')]


def write_refs(root):
    """A photo and one expression of it for each of the three."""
    (root / 'train2014').mkdir(parents=True)
    (root / 'train2014' / 'a.jpg').write_bytes(b'')
    for name, by in (('refcoco', 'unc'), ('refcoco+', 'unc'), ('refcocog', 'umd')):
        (root / name).mkdir()
        content = dict(images=[dict(id=1, file_name='a.jpg')], categories=[dict(id=1, name='cat')],
                       annotations=[dict(id=7, image_id=1, category_id=1)])
        (root / name / 'instances.json').write_text(json.dumps(content))
        (root / name / f'refs({by}).p').write_bytes(pickle.dumps([dict(ann_id=7, image_id=1)]))


@pytest.fixture(scope='session')
def layouts(tmp_path_factory):
    """{dataset: its folder}, complete."""
    scenes, root = tmp_path_factory.mktemp('check_scenes'), tmp_path_factory.mktemp('layouts')
    write_scenes(*drawn_material(), scenes, TINY, size=96, seed=0)
    writers = {'coco': write_coco, 'coco-panoptic': write_coco_panoptic, 'lvis': write_lvis, 'ade20k': write_ade,
               'ade20k-panoptic': write_ade_panoptic, 'cityscapes': write_cityscapes, 'voc12aug': write_voc,
               'voc07': write_voc07, 'context': write_context, 'coco-stuff164k': write_coco_stuff}
    for name, write in writers.items():
        write(scenes, root / name)
    write_imagenet(root / 'imagenet', dict(train=2, val=1))
    write_refs(root / 'refs')
    return {name: root / ('refs' if name.startswith('ref') else name) for name in DATASETS}


@pytest.fixture
def copy(layouts, tmp_path):
    """Copies a dataset's folder, to be damaged."""
    return lambda name: Path(shutil.copytree(layouts[name], tmp_path / name))


def problems(name, root, decode=0):
    return [row for row in check_dataset(name, root, decode, COUNTS[name]) if row.problem]


@pytest.mark.parametrize('name', list(DATASETS))
def test_a_complete_dataset_passes_and_decodes(name, layouts):
    assert problems(name, layouts[name], decode=0 if name.startswith('ref') else 2) == []


@pytest.mark.parametrize('name', list(DATASETS))
def test_a_tiny_subset_is_not_taken_for_the_dataset(name, layouts):
    assert any('expected' in row.problem for row in check_dataset(name, layouts[name]))


@pytest.mark.parametrize('name, removed, fix', DAMAGE)
def test_a_missing_piece_is_named_with_where_to_get_it(name, removed, fix, copy):
    root = copy(name)
    target = sorted(root.glob(removed))[-1]
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    rows = problems(name, root)
    assert rows and all(str(root) in row.problem and row.fix for row in rows)
    assert any(fix in row.fix for row in rows)
    assert any(target.name in row.problem or removed.partition('/*')[0] in row.problem for row in rows)


def test_a_renamed_image_is_missed_by_name(copy):
    root = copy('coco')
    image = next((root / 'val2017').glob('*.jpg'))
    image.rename(image.with_name('other.jpg'))
    assert image.name in problems('coco', root)[0].problem


def test_a_file_cut_off_is_said_to_be(copy):
    root = copy('coco')
    file = root / 'annotations' / 'instances_train2017.json'
    file.write_text(file.read_text()[:-20])
    assert 'cut off' in problems('coco', root)[0].problem


def test_a_broken_image_is_found_by_decoding_only(copy):
    root = copy('ade20k')
    image = next((root / 'images' / 'validation').glob('*.jpg'))
    image.write_bytes(image.read_bytes()[:200])
    assert problems('ade20k', root) == []
    assert image.name in problems('ade20k', root, decode=2)[0].problem


def test_a_pickle_that_asks_for_code_is_refused(copy):
    root = copy('refcoco')
    (root / 'refcoco' / 'refs(unc).p').write_bytes(pickle.dumps(Path('x')))
    assert 'expected plain data' in problems('refcoco', root)[0].problem


def test_stuff_before_things_is_found_and_the_tool_it_names_mends_it(copy, monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    from ade20k_panoptic import things_first
    root = copy('ade20k-panoptic')
    file = root / 'ade20k_panoptic_train.json'
    content = json.loads(file.read_text())
    before = content['categories']
    file.write_text(json.dumps(dict(content, categories=before[100:] + before[:100])))
    row, = problems('ade20k-panoptic', root)
    assert 'things' in row.problem and 'ade20k_panoptic.py' in row.fix and str(file) in row.fix
    things_first(file)
    assert problems('ade20k-panoptic', root) == []
    assert json.loads(file.read_text()) == dict(content, categories=before)
    file.write_text('{}')
    with pytest.raises(UserError, match='isthing'):
        things_first(file)
    assert file.read_text() == '{}'


def test_the_tool_ends_with_a_table_and_a_status(layouts, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(TOOLS))
    import check_dataset as tool
    monkeypatch.setattr(DATASETS['cityscapes'], 'counts', TINY)
    monkeypatch.setattr(sys, 'argv', ['check_dataset.py', 'cityscapes', str(layouts['cityscapes'])])
    assert tool.main() == 0
    assert 'cityscapes is complete' in capsys.readouterr().out.splitlines()[-1]
    monkeypatch.setattr(DATASETS['cityscapes'], 'counts', dict(TINY, val=500))
    assert tool.main() == 1
    assert 'MISSING' in capsys.readouterr().out


def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path):
    with pytest.raises(UserError, match='no such folder; the configs look for lvis at data/lvis_v1'):
        check_dataset('lvis', tmp_path / 'none')

import json
import shutil

import pytest
from mmengine.config import Config

from mmrice.datasets.rf100vl import ANNOTATIONS, point_to, read_categories, sub_datasets
from mmrice.evaluation.rf100_domains import DOMAIN_OF, averages
from mmrice.utils import UserError


@pytest.fixture
def folder(tmp_path):
    """A sub-dataset whose project category has the name of a class."""
    content = dict(images=[dict(id=0, file_name='a.jpg')], annotations=[dict(id=0, image_id=0, category_id=1)],
                   categories=[dict(id=0, name='cow', supercategory='none'),
                               dict(id=1, name='cow', supercategory='cow'),
                               dict(id=2, name='rare', supercategory='cow')])
    for split in ('train', 'valid', 'test'):
        (tmp_path / 'cow' / split).mkdir(parents=True)
        (tmp_path / 'cow' / split / ANNOTATIONS).write_text(json.dumps(content))
    return tmp_path / 'cow'


def test_the_project_is_no_class_and_a_class_without_boxes_stays(folder):
    assert sub_datasets(folder.parent) == ['cow']
    assert read_categories(folder) == [dict(id=1, name='cow'), dict(id=2, name='rare')]


def test_a_config_is_pointed_at_a_sub_dataset_with_its_classes_everywhere(folder, tmp_path):
    loader = dict(dataset=dict(type='CocoDataset'))
    cfg = point_to(Config(dict(model=dict(heads=[dict(num_classes=80), dict(num_classes=80)]), train_dataloader=loader,
                               val_dataloader=loader, test_dataloader=loader, val_evaluator={},
                               test_evaluator={})), folder, tmp_path / 'out')
    assert [head.num_classes for head in cfg.model.heads] == [2, 2]
    assert cfg.val_dataloader.dataset.ann_file == cfg.val_evaluator.ann_file == str(tmp_path / 'out' / 'valid.json')
    assert cfg.test_evaluator.ann_file == str(tmp_path / 'out' / 'test.json')
    assert list(cfg.train_dataloader.dataset.metainfo.classes) == ['cow', 'rare']
    written = json.loads((tmp_path / 'out' / 'train.json').read_text())
    assert [item['id'] for item in written['categories']] == [1, 2]


def test_a_missing_split_is_named(folder):
    shutil.rmtree(folder / 'valid')
    with pytest.raises(UserError, match=f'valid/{ANNOTATIONS}: no such file'):
        read_categories(folder)


def test_the_mean_is_that_of_domains_as_in_the_paper():
    row = dict(zip('abcdefg', (14.9, 31.7, 23.4, 30.7, 27.0, 18.7, 39.1)))
    assert averages(row, {name: name for name in row})[1]['domains'] == pytest.approx(26.5)
    domains, means = averages(dict(a=10, b=20, c=60, d=2), dict(a='x', b='x', c='y'))
    assert domains == dict(x=15, y=60)
    assert means == {'domains': 37.5, 'sub-datasets': 23}


def test_the_domains_have_the_sizes_that_roboflow_states():
    sizes = [list(DOMAIN_OF.values()).count(domain) for domain in dict.fromkeys(DOMAIN_OF.values())]
    assert sizes == [7, 7, 11, 5, 8, 12, 50]

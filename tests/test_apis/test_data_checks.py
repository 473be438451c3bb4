"""Missing data is found before training and the way to get it is named."""
import pytest
from mmengine.config import Config

from mmrice.apis.data_checks import MINI, SHARDS, check_data
from mmrice.utils import UserError


def _config(**dataset):
    return Config(dict(train_dataloader=dict(dataset=dataset), val_dataloader=None))


@pytest.mark.parametrize(('root', 'command'), [
    ('data/mini/scenes/images', MINI), ('data/mini/regions', SHARDS['regions']),
    ('data/mini/images', SHARDS['images'])])
def test_absent_mini_data_names_the_command_that_builds_it(tmp_path, monkeypatch, root, command):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as error:
        check_data(_config(data_root=root), ('train', 'val'))
    assert str(error.value).startswith(f'{root}: no such file or folder (train_dataloader.dataset.data_root')
    assert command in str(error.value) and str(error.value).count('&&') == int(command != MINI)


def test_absent_annotation_of_a_wrapped_dataset_names_the_field(tmp_path):
    inner = dict(data_root=str(tmp_path), ann_file='a.json')
    with pytest.raises(UserError, match=r'a.json: no such file .*train_dataloader.dataset.datasets.0.ann_file'):
        check_data(_config(datasets=[inner]), ('train', ))


def test_absent_references_of_refcoco_name_the_field(tmp_path):
    with pytest.raises(UserError, match=r'refs.p: no such file .*train_dataloader.dataset.split_file'):
        check_data(_config(data_root=str(tmp_path), split_file='refs.p'), ('train', ))


def test_absent_image_folder_names_the_field(tmp_path):
    with pytest.raises(UserError, match=r'train_dataloader.dataset.data_prefix.img'):
        check_data(_config(data_root=str(tmp_path), data_prefix=dict(img='train')), ('train', ))


def test_what_is_there_or_remote_or_empty_passes(tmp_path):
    (tmp_path / 'a.json').touch()
    check_data(_config(data_root=str(tmp_path), ann_file='a.json', data_prefix=dict(img='')), ('train', ))
    check_data(_config(data_root='s3://bucket', ann_file='a.json'), ('train', ))

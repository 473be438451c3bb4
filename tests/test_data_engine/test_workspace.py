import os

import pytest

from mmrice.data_engine.workspace import Workspace, digest, read_json, read_tar, write_json, write_tar
from mmrice.utils import UserError


@pytest.fixture
def space(tmp_path):
    write_tar(tmp_path / '000000.tar', [('a', b'one'), ('b', b'three')])
    return Workspace(tmp_path)


def stamp(space):
    return space.write_stamp('ingest', '000000', 'c', ['i'], [space.tar('000000')], {'images': 2})


def test_tars_hold_their_images_and_equal_images_give_equal_bytes(space, tmp_path):
    assert dict(read_tar(space.tar('000000'))) == {'a': b'one', 'b': b'three'}
    write_tar(tmp_path / 'again.tar', [('a', b'one'), ('b', b'three')])
    assert (tmp_path / 'again.tar').read_bytes() == space.tar('000000').read_bytes()


def test_a_stamp_comes_back_and_its_untouched_outputs_are_intact(space):
    written = stamp(space)
    assert space.read_stamp('ingest', '000000') == written
    assert written.counts == {'images': 2} and space.intact(written)


def test_a_copied_output_is_intact_although_its_date_changed(space):
    written = stamp(space)
    os.utime(space.tar('000000'), (1, 1))
    assert space.intact(written)


@pytest.mark.parametrize('damage', [lambda p: p.write_bytes(p.read_bytes()[:-1]), lambda p: p.unlink(),
                                    lambda p: p.write_bytes(p.read_bytes().replace(b'three', b'eerht'))])
def test_a_changed_cut_or_missing_output_is_not_intact(space, damage):
    written = stamp(space)
    damage(space.tar('000000'))
    assert not space.intact(written)


def test_a_missing_or_damaged_stamp_reads_as_none(space):
    assert space.read_stamp('ingest', '000000') is None
    for text in ('{"config": "c"}', '{"con', '[]'):
        path = space.work('000000', 'ingest', 'stamp', 'json')
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        assert space.read_stamp('ingest', '000000') is None


def test_digests_depend_on_values_and_not_on_the_order_of_keys():
    assert digest({'a': 1, 'b': [2]}) == digest({'b': [2], 'a': 1}) != digest({'a': 1, 'b': [3]})


def test_a_damaged_tar_is_named(space):
    space.tar('000000').write_bytes(b'no tar' * 200)
    with pytest.raises(UserError, match='000000.tar: damaged tar'):
        list(read_tar(space.tar('000000')))


def test_json_is_written_whole_or_not_at_all(tmp_path):
    write_json(tmp_path / 'x.json', {'a': 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / 'x.json', {'a': object()})
    assert (tmp_path / 'x.json').read_text() == '{"a": 1}\n'
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_name_that_is_no_utf8_comes_back(tmp_path):
    name = os.fsdecode(b'\xff\xe9\\u00e9.jpg') + 'é"'
    write_json(tmp_path / 'x.json', [name])
    assert read_json(tmp_path / 'x.json') == [name]
    (tmp_path / 'x.json').read_text(encoding='utf-8')


def test_a_tar_that_fails_on_the_way_is_not_there(tmp_path):
    def images():
        yield 'a', b'one'
        raise UserError('no')

    with pytest.raises(UserError):
        write_tar(tmp_path / 'x.tar', images())
    assert not list(tmp_path.iterdir())

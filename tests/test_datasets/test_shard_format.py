import io
import tarfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmrice.datasets import shard_format as sf
from mmrice.utils import UserError

META = {'schema_version': 1, 'num_shards': 1, 'num_images': 2, 'num_regions': {'object': 2, 'ocr': 1},
        'num_classes': {'object': 8, 'ocr': 5}, 'made_by': {'tool': 'test'}}


def row(**changes):
    fields = {'key': 'b', 'box': [1.0, 2.0, 30.0, 40.5], 'kind': 'object', 'score': 0.5, 'labels': [3], 'text': ''}
    return {**fields, **changes}


ROWS = [row(), row(key='a', kind='ocr', labels=[4, 1], text='Hot ☕'), row(box=[0.0, 0.0, 5.0, 6.0], labels=[7])]


def add(tar, name, data):
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def test_regions_come_back_grouped_by_key_in_file_order(tmp_path):
    sf.write_regions(tmp_path / 'x.parquet', ROWS)
    regions = sf.read_regions(tmp_path / 'x.parquet')
    assert list(regions) == ['b', 'a']
    assert regions['b']['boxes'].dtype == np.float32
    np.testing.assert_array_equal(regions['b']['boxes'], [[1, 2, 30, 40.5], [0, 0, 5, 6]])
    assert regions['b']['labels'] == [[3], [7]] and regions['b']['kinds'] == ['object', 'object']
    assert regions['a']['labels'] == [[4, 1]] and regions['a']['texts'] == ['Hot ☕']
    np.testing.assert_array_equal(regions['a']['scores'], np.float32([0.5]))


def test_equal_rows_give_equal_bytes(tmp_path):
    for name in ('x', 'y'):
        sf.write_regions(tmp_path / name, ROWS)
    assert (tmp_path / 'x').read_bytes() == (tmp_path / 'y').read_bytes()


def test_a_shard_without_regions_reads_as_empty(tmp_path):
    sf.write_regions(tmp_path / 'x.parquet', [])
    assert sf.read_regions(tmp_path / 'x.parquet') == {}


@pytest.mark.parametrize('change, message', [
    ({'box': [41.0, 8.0, 39.0, 12.0]}, r'row 1: box \[41.0, 8.0, 39.0, 12.0\] has x2 <= x1'),
    ({'box': [1.0, 8.0, 39.0, 8.0]}, r'row 1: box .* has y2 <= y1'),
    ({'box': [1.0, float('nan'), 39.0, 8.0]}, r'row 1: box .* is not finite'),
    ({'kind': 'thing'}, r"row 1: kind 'thing' is unknown. Expected one of object, ocr, text"),
    ({'score': float('inf')}, r'row 1: score inf is not a finite number'),
    ({'labels': []}, r'row 1: labels \[\] is empty'),
    ({'labels': [1, -1]}, r'row 1: labels \[1, -1\] has a missing or negative'),
    ({'labels': 'four'}, r'does not fit the schema'),
    ({'key': None}, r'row 1: key None is not allowed'),
])
def test_a_bad_row_is_refused_with_its_number_and_field_and_nothing_is_written(tmp_path, change, message):
    with pytest.raises(UserError, match=message):
        sf.write_regions(tmp_path / 'x.parquet', [row(), row(**change)])
    assert list(tmp_path.iterdir()) == []


def test_a_bad_row_written_by_another_program_is_refused_on_reading(tmp_path):
    table = pa.table({name: [row(kind='blob')[name]] for name in sf.REGION_SCHEMA.names})
    table = table.cast(pa.schema([pa.field(f.name, f.type) for f in sf.REGION_SCHEMA]))
    pq.write_table(table, tmp_path / 'x.parquet')
    with pytest.raises(UserError, match=r"x.parquet: row 0: kind 'blob' is unknown"):
        sf.read_regions(tmp_path / 'x.parquet')


def test_nullable_columns_of_wider_types_are_read(tmp_path):
    table = pa.Table.from_pylist([row(box=[0.0, 1.0, 2.0, 3.0])])
    pq.write_table(table, tmp_path / 'x.parquet')
    np.testing.assert_array_equal(sf.read_regions(tmp_path / 'x.parquet')['b']['boxes'], [[0, 1, 2, 3]])


def test_a_missing_column_and_a_missing_file_are_named(tmp_path):
    pq.write_table(pa.table({'key': ['a']}), tmp_path / 'x.parquet')
    with pytest.raises(UserError, match="column 'box' is missing"):
        sf.read_regions(tmp_path / 'x.parquet')
    (tmp_path / 'y.parquet').write_bytes(b'PAR1 cut off')
    with pytest.raises(UserError, match='cannot be read as parquet'):
        sf.read_regions(tmp_path / 'y.parquet')
    with pytest.raises(UserError, match=r'z.parquet: no such file. Build the shards'):
        sf.read_regions(tmp_path / 'z.parquet')


def test_tar_offsets_point_at_the_image_bytes(tmp_path):
    path = tmp_path / '000000.tar'
    with tarfile.open(path, 'w') as tar:
        for name, data in [('a.jpg', b'first'), ('a.txt', b'ignored'), ('b.c.jpg', b'second one')]:
            add(tar, name, data)
    raw = path.read_bytes()
    index = sf.index_tar(path)
    assert {key: raw[start:start + size] for key, (start, size) in index.items()} == {
        'a': b'first', 'b.c': b'second one'}
    assert sf.regions_path(path).name == '000000.regions.parquet'


def as_tarfile_sees_it(path):
    with tarfile.open(path) as tar:
        return {member.name[:-4]: (member.offset_data, member.size) for member in tar if member.isfile()}


@pytest.mark.parametrize('layout', [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize('odd', [f'{"folder/" * 16}b.jpg', 'd.jpg', 'e.jpg'])
def test_long_names_folders_and_links_are_indexed_as_tarfile_does(tmp_path, layout, odd):
    path = tmp_path / '000000.tar'
    with tarfile.open(path, 'w', format=layout) as tar:
        add(tar, 'a.jpg', bytes(700))
        member = tarfile.TarInfo(odd)
        member.type = {'d.jpg': tarfile.DIRTYPE, 'e.jpg': tarfile.SYMTYPE}.get(odd, tarfile.REGTYPE)
        member.linkname = 'a.jpg' if odd == 'e.jpg' else ''
        tar.addfile(member)
        add(tar, 'ü.jpg', b'last')
    assert sf.index_tar(path) == as_tarfile_sees_it(path) and len(sf.index_tar(path)) == 2 + (len(odd) > 9)


def test_a_size_that_is_no_octal_number_is_understood(tmp_path):
    path = tmp_path / '000000.tar'
    with tarfile.open(path, 'w') as tar:
        add(tar, 'a.jpg', bytes(700))
        add(tar, 'f.jpg', b'last')
    raw = bytearray(path.read_bytes())
    last = raw.index(b'f.jpg\0')
    raw[last + 124:last + 136] = b'\x80' + (4).to_bytes(11, 'big')  # as sizes of 8 GB and more are written
    raw[last + 148:last + 156] = b'%06o\0 ' % (sum(raw[last:last + 148]) + 256 + sum(raw[last + 156:last + 512]))
    path.write_bytes(raw)
    assert sf.index_tar(path) == as_tarfile_sees_it(path) and sf.index_tar(path)['f'] == (last + 512, 4)


def test_a_cut_off_a_foreign_and_a_doubled_tar_are_refused(tmp_path):
    path = tmp_path / '000000.tar'
    with tarfile.open(path, 'w') as tar:
        add(tar, 'a.jpg', bytes(5000))
    whole = path.read_bytes()
    path.write_bytes(whole[:2000])
    with pytest.raises(UserError, match='000000.tar: damaged tar'):
        sf.index_tar(path)
    path.write_bytes(b'not a tar' * 100)
    with pytest.raises(UserError, match='000000.tar: damaged tar'):
        sf.index_tar(path)
    with tarfile.open(path, 'w') as tar:
        add(tar, 'a.jpg', b'one')
        add(tar, 'a.jpg', b'two')
    with pytest.raises(UserError, match='holds a.jpg twice'):
        sf.index_tar(path)
    with pytest.raises(UserError, match='no such file'):
        sf.index_tar(tmp_path / 'none.tar')


def test_meta_comes_back_and_bad_meta_is_refused(tmp_path):
    with pytest.raises(UserError, match='holds no finished region shards'):
        sf.read_meta(tmp_path)
    sf.write_meta(tmp_path, META)
    assert sf.read_meta(tmp_path) == META
    with pytest.raises(UserError, match="field 'num_images' is missing"):
        sf.write_meta(tmp_path, {'schema_version': 1, 'num_shards': 2})
    with pytest.raises(UserError, match='schema version 2'):
        sf.write_meta(tmp_path, {**META, 'schema_version': 2})
    (tmp_path / 'meta.json').write_text('{"half')
    with pytest.raises(UserError, match='not valid JSON'):
        sf.read_meta(tmp_path)

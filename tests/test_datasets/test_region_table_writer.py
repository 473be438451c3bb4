import numpy as np
import pyarrow as pa
import pytest

from mmrice.datasets import shard_format as sf
from mmrice.utils import UserError


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    return [{'key': f'image_{number // 3}', 'box': rng.uniform([0, 0, 20, 20], [10, 10, 50, 50]).tolist(),
             'kind': ('object', 'ocr', 'image')[number % 3], 'score': float(rng.random()),
             'labels': rng.integers(0, 99, 1 + number % 4).tolist(), 'text': 'Hot ☕' * (number % 2)}
            for number in range(40)]


def as_columns(rows):
    columns = {name: [row[name] for row in rows] for name in sf.REGION_SCHEMA.names}
    lengths = [len(labels) for labels in columns['labels']]
    columns['labels'] = pa.ListArray.from_arrays(np.cumsum([0, *lengths]).astype(np.int32),
                                                 np.concatenate([[], *columns['labels']]).astype(np.int32))
    columns['kind'] = pa.array(columns['kind'], pa.string()).dictionary_encode()
    columns['box'], columns['score'] = np.array(columns['box'], np.float32), np.array(columns['score'], np.float32)
    return columns


@pytest.mark.parametrize('count', [40, 1, 0])
def test_columns_give_the_bytes_of_the_same_rows(rows, tmp_path, count):
    sf.write_regions(tmp_path / 'rows', rows[:count])
    sf.write_region_table(tmp_path / 'columns', as_columns(rows[:count]))
    assert (tmp_path / 'rows').read_bytes() == (tmp_path / 'columns').read_bytes()


@pytest.mark.parametrize('masks, column', [(('', ''), False), (('', '04'), True)])
def test_both_writers_have_a_column_of_masks_where_there_is_one(rows, tmp_path, masks, column):
    rows = [{**row, 'mask': masks[number % 2]} for number, row in enumerate(rows)]
    sf.write_regions(tmp_path / 'rows', rows)
    sf.write_region_table(tmp_path / 'columns', {**as_columns(rows), 'mask': [row['mask'] for row in rows]})
    assert (tmp_path / 'rows').read_bytes() == (tmp_path / 'columns').read_bytes()
    assert ('mask' in sf.read_table(tmp_path / 'rows').column_names) == column


@pytest.mark.parametrize('change, message', [
    ({'box': np.array([[5, 5, 4, 9]] * 40)}, r'row 0: box \[5.0, 5.0, 4.0, 9.0\] has x2 <= x1'),
    ({'kind': ['thing'] * 40}, "row 0: kind 'thing' is unknown"),
    ({'score': np.zeros(7, np.float32)}, 'does not fit the schema: .*length'),
    ({'labels': ['four'] * 40}, 'does not fit the schema'),
    ({'key': [None] * 40}, 'row 0: key None is not allowed'),
    ({'mask': [None] * 40}, 'row 0: mask None is not allowed'),
])
def test_wrong_columns_are_refused_and_nothing_is_written(rows, tmp_path, change, message):
    with pytest.raises(UserError, match=message):
        sf.write_region_table(tmp_path / 'x.parquet', {**as_columns(rows), **change})
    assert list(tmp_path.iterdir()) == []

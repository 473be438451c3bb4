"""Ingest as a part of the build: duplicates, rejects, what is redone, what a reader is told."""
import json
import shutil

import pytest

from mmrice.data_engine.build import Build
from mmrice.data_engine.executors import LocalExecutor
from mmrice.datasets.shard_format import index_tar, read_meta, read_regions
from mmrice.utils import UserError


def build(engine, out, stages=('ingest',)):
    return Build(engine, out, LocalExecutor(0)).run(stages)


def rejects(out):
    lines = map(json.loads, (out / 'rejects.jsonl').read_text().splitlines())
    return {line['file'].rsplit('/', 1)[1]: line['reason'] for line in lines}


def dates(out, pattern):
    return {path.name: path.stat().st_mtime_ns for path in out.glob(pattern)}


class Backwards:
    def map(self, function, jobs):
        for job in reversed(list(jobs)):
            yield job, function(job)


@pytest.fixture
def copies(photo_folder):
    """Photos 02 and 07 are copies of 00. Shards: 00 to 03; 04, 04b, 05, 06; 07 to 09."""
    for name in ('02.jpg', '07.jpg'):
        shutil.copy(photo_folder / '00.jpg', photo_folder / name)
    return photo_folder


def test_exact_duplicates_are_dropped_and_counted(engine, copies, tmp_path, capsys):
    line = build(engine, tmp_path / 'out', None)
    assert 'left out: 3 images (2 duplicate, 1 zero bytes, rejects.jsonl)' in line
    assert 'images 8  rejects 3 (2 duplicate, 1 zero bytes)' in capsys.readouterr().out
    assert rejects(tmp_path / 'out') == {'02.jpg': 'duplicate: the same bytes as photos_00', '04b.jpg': 'zero bytes',
                                         '07.jpg': 'duplicate: the same bytes as photos_00'}
    meta = read_meta(tmp_path / 'out')
    assert meta['num_images'] == 8
    assert meta['left_out']['images_by_reason'] == {'duplicate': 2, 'zero bytes': 1}


def test_duplicates_are_kept_when_asked(engine, copies, tmp_path):
    engine['ingest']['drop_duplicates'] = False
    build(engine, tmp_path / 'out')
    assert list(rejects(tmp_path / 'out')) == ['04b.jpg']
    assert list(index_tar(tmp_path / 'out' / '000002.tar')) == ['photos_07', 'photos_08', 'photos_09']
    engine['ingest']['drop_duplicates'] = True
    build(engine, tmp_path / 'out')
    assert list(index_tar(tmp_path / 'out' / '000002.tar')) == ['photos_08', 'photos_09']


def test_the_result_depends_neither_on_the_order_of_jobs_nor_on_what_was_there_before(engine, copies, tmp_path):
    build(engine, tmp_path / 'one')
    Build(engine, tmp_path / 'two', Backwards()).run(['ingest'])
    other = (copies / '00.jpg').read_bytes()
    (copies / '00.jpg').write_bytes((copies / '01.jpg').read_bytes())
    build(engine, tmp_path / 'three')
    (copies / '00.jpg').write_bytes(other)
    build(engine, tmp_path / 'three')
    files = {name: {path.name: path.read_bytes() for path in tmp_path.glob(f'{name}/*') if path.is_file()}
             for name in ('one', 'two', 'three')}
    assert files['one'] == files['two'] == files['three'] and len(files['one']) == 4


def test_a_changed_image_touches_its_shard_and_those_that_hold_its_copies(engine, copies, tmp_path):
    out = tmp_path / 'out'
    build(engine, out)
    before = dates(out, '*.tar')
    (copies / '08.jpg').write_bytes((copies / '01.jpg').read_bytes())
    build(engine, out)
    assert [name for name, date in dates(out, '*.tar').items() if date != before[name]] == ['000002.tar']
    assert rejects(out)['08.jpg'] == 'duplicate: the same bytes as photos_01'
    before = dates(out, '*.tar')
    scans = dates(out, '.work/*.scan.npy')
    (copies / '00.jpg').write_bytes((copies / '03.jpg').read_bytes())  # 02 is now the first of its kind, 03 a copy
    build(engine, out)
    assert sorted(name for name, date in dates(out, '*.tar').items() if date != before[name]) == [
        '000000.tar', '000002.tar']
    assert [name for name, date in dates(out, '.work/*.scan.npy').items() if date != scans[name]] == ['000000.scan.npy']
    assert rejects(out)['07.jpg'] == 'duplicate: the same bytes as photos_02'


def test_another_smallest_edge_does_not_hash_the_files_again(engine, copies, tmp_path):
    build(engine, tmp_path / 'out')
    before = dates(tmp_path / 'out', '.work/*.scan.npy')
    engine['ingest']['min_edge'] = 200
    build(engine, tmp_path / 'out')
    assert dates(tmp_path / 'out', '.work/*.scan.npy') == before and len(before) == 3
    assert rejects(tmp_path / 'out')['01.jpg'] == 'too small: 128 x 128 px, least edge 200 px'


def test_ingest_must_be_asked_for_when_its_hashes_are_gone(engine, copies, tmp_path):
    build(engine, tmp_path / 'out')
    (tmp_path / 'out' / '.work' / '000001.scan.npy').unlink()
    with pytest.raises(UserError, match='stage ingest .shard 000001. is missing, damaged.* Add ingest to --stages'):
        build(engine, tmp_path / 'out', ['propose'])


def test_meta_says_of_each_shard_how_many_images_have_which_regions(engine, copies, tmp_path):
    build(engine, tmp_path, None)
    shards = read_meta(tmp_path)['shards']
    assert [(shard['name'], shard['images']) for shard in shards] == [('000000', 3), ('000001', 3), ('000002', 2)]
    for shard in shards:
        regions = read_regions(tmp_path / f'{shard["name"]}.regions.parquet')
        assert shard['kinds'] == {'object': len(regions)}

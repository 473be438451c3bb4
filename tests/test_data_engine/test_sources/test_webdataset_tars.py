import json

import pytest

from mmrice.data_engine.sources import WebDatasetTars
from mmrice.data_engine.sources.webdataset_tars import caption_of
from mmrice.utils import UserError


@pytest.fixture
def tars(tmp_path, pack, picture):
    pack(tmp_path / '0.tar', [
        ('x/0.jpg', picture(0)), ('x/0.txt', b' a red door\n'), ('x/0.json', b'{"caption": "other"}'),
        ('x/1.json', b'{"caption": "two cats"}'), ('x/1.PNG', picture(1, format='PNG')), ('x/1.seg.png', b'mask'),
        ('x/2.webp', picture(2, format='WEBP')), ('x/2.cls', b'3'), ('x/._2.jpg', b'macOS')])
    pack(tmp_path / '1.tar', [('0.jpg', picture(3)), ('0.png', b'no image'), ('0.jpg', picture(4))])
    return tmp_path


def test_every_image_of_a_sample_is_taken_with_its_caption(tars, load, picture):
    keys, kept, left = load(WebDatasetTars({'web': str(tars / '*.tar')}, min_edge=8))
    assert keys == ['web_0+x_0', 'web_0+x_1', 'web_0+x_2'] and not left
    assert kept[0].jpeg == picture(0)
    assert [image.record.get('caption') for image in kept] == ['a red door', 'two cats', None]
    assert kept[1].record['file'] == 'x/1.PNG' and kept[1].record['source'] == 'web'


def test_keys_are_unique_where_names_repeat(tars, load):
    keys, _, left = load(WebDatasetTars({'web': str(tars / '*.tar')}, min_edge=8), shard=1)
    assert keys == ['web_1+0', 'web_1+0~3'] and left == [('0.png', 'unreadable: no known image format')]


@pytest.mark.parametrize('parts', [2, 3, 7, 40])
def test_a_tar_that_is_cut_into_shards_loses_and_repeats_no_sample(tmp_path, parts, load, pack, picture):
    pack(tmp_path / '0.tar', [member for number in range(9) for member in (
        (f'{number % 4}.jpg', picture(number, (20 + 30 * (number % 3), 30))), (f'{number % 4}.txt', b'%d' % number))])
    whole = WebDatasetTars({'web': str(tmp_path / '0.tar')}, min_edge=8)
    cut = WebDatasetTars({'web': str(tmp_path / '0.tar')}, min_edge=8, shards_per_tar=parts)
    shards = [load(cut, shard)[1] for shard in range(parts)]
    assert [image for shard in shards for image in shard] == load(whole)[1]
    assert len(load(whole)[0]) == 9 and sum(map(bool, shards)) > 1


def damaged(path, damage):
    data = bytearray(path.read_bytes())
    damage(data)
    path.write_bytes(data)


def cut_in_the_data(data):
    del data[data.index(b'x/1.PNG') + 600:]


def overwrite_a_header(data):
    start = data.index(b'x/1.PNG')
    data[start:start + 200] = b'\x07' * 200


def cut_off_the_end(data):
    del data[data.index(b'x/2.cls'):]


@pytest.mark.parametrize('damage, kept, reason', [
    (cut_in_the_data, 1, 'damaged tar: unexpected end of data'),
    (overwrite_a_header, 1, 'damaged tar: no header at byte'),
    (cut_off_the_end, 3, 'damaged tar: cut off: it has no end mark'), (bytearray.clear, 0, 'damaged tar: empty file'),
    (lambda data: data.__setitem__(slice(None), b'no tar' * 500), 0, 'damaged tar: ')])
@pytest.mark.parametrize('parts', [1, 3])
def test_what_lies_before_a_damage_is_kept_and_the_tar_is_listed_once(tars, damage, kept, reason, parts, load):
    damaged(tars / '0.tar', damage)
    source = WebDatasetTars({'web': str(tars / '0.tar')}, min_edge=8, shards_per_tar=parts)
    shards = [load(source, shard) for shard in range(parts)]
    assert sum(len(keys) for keys, _, _ in shards) == kept
    ((file, why),) = [entry for _, _, left in shards for entry in left]
    assert file == '0.tar' and why.startswith(reason)


def test_a_tar_that_is_gone_is_a_reject(tars, load):
    source = WebDatasetTars({'web': str(tars / '0.tar')})
    (shard,) = source.plan()
    (tars / '0.tar').unlink()
    ((note,),) = source.load(shard, {})
    assert note['reason'] == 'damaged tar: No such file or directory'


def test_a_member_that_is_too_long_is_not_read(tars, load):
    left = load(WebDatasetTars({'web': str(tars / '0.tar')}, max_pixels=10), 0)[2]
    assert left[0][0] == '0.jpg' and left[0][1].startswith('too large: ')


def test_the_plan_notes_tars_and_their_keys_differ(tars, pack):
    (tars / 'sub').mkdir()
    (tars / 'sub' / '0.tar').write_bytes((tars / '0.tar').read_bytes())
    plan = list(WebDatasetTars({'web': [str(tars / '0.tar'), str(tars / '**' / '0.tar')]}).plan())
    assert [entry['key'] for (entry,) in plan] == ['web_0', 'web_0~2', 'web_0~3']
    assert set(plan[0][0]) == {'key', 'source', 'tar', 'size', 'mtime_ns', 'part', 'parts'}


def test_wrong_paths_are_named(tars):
    with pytest.raises(UserError, match=r"\{0..3\}.tar: no such tar \(source 'web'\). .* is not expanded, write \* in"):
        list(WebDatasetTars({'web': str(tars / '{0..3}.tar')}).plan())
    (tars / 'x.tar.gz').touch()
    with pytest.raises(UserError, match='x.tar.gz: no .tar file .*must be unpacked'):
        list(WebDatasetTars({'web': str(tars / 'x*')}).plan())
    with pytest.raises(UserError, match='shards_per_tar is 0'):
        WebDatasetTars({'web': 'x'}, shards_per_tar=0)


@pytest.mark.parametrize('texts, caption', [
    ({}, ''), ({'.txt': b'\xff x'}, '\ufffd x'), ({'.json': b'{"caption": null}'}, ''), ({'.json': b'[1]'}, ''),
    ({'.json': b'{'}, ''), ({'.json': json.dumps({'caption': ' é '}).encode()}, 'é')])
def test_odd_captions_do_no_harm(texts, caption):
    assert caption_of(texts) == caption

import pytest
from PIL import Image

from mmrice.data_engine.ingest import ImageFolders
from mmrice.utils import UserError


def test_images_are_planned_in_order_and_cut_into_shards(photo_folder):
    plan = ImageFolders({'photos': photo_folder}, images_per_shard=4).plan()
    assert [len(shard) for shard in plan] == [4, 4, 3]
    assert [image['key'] for shard in plan for image in shard][3:6] == ['photos_03', 'photos_04', 'photos_04b']


def test_keys_are_unique_and_free_of_dots_and_slashes(tmp_path):
    (tmp_path / 'in' / 'sub dir').mkdir(parents=True)
    for name in ('in/a.b.png', 'in/a_b.png', 'in/sub dir/é.png', 'in/.hidden.png', 'in/notes.txt'):
        Image.new('RGB', (4, 4)).save(tmp_path / name, 'PNG')
    keys = [image['key'] for shard in ImageFolders({'in': tmp_path / 'in'}).plan() for image in shard]
    assert keys == ['in_a_b', 'in_a_b~2', 'in_sub_dir_']


def test_plain_jpegs_are_kept_byte_for_byte_and_others_become_jpegs(photo_folder):
    Image.new('L', (80, 90), 7).save(photo_folder / 'grey.png')
    folders = ImageFolders({'p': photo_folder}, min_edge=64)
    jpegs, records, _ = folders.load(folders.plan()[0])
    images = dict(jpegs)
    assert images['p_00'] == (photo_folder / '00.jpg').read_bytes()
    assert images['p_grey'][:2] == b'\xff\xd8'
    assert records[-1] == {'key': 'p_grey', 'source': 'p', 'file': 'grey.png', 'size': [80, 90],
                           'source_size': [80, 90]}


def test_unusable_images_are_listed_with_their_reason(photo_folder):
    (photo_folder / '90.jpg').write_bytes((photo_folder / '00.jpg').read_bytes()[:700])
    Image.new('RGB', (200, 30)).save(photo_folder / '91.png')
    folders = ImageFolders({'p': photo_folder}, min_edge=64)
    jpegs, _, rejects = folders.load(folders.plan()[0])
    assert len(jpegs) == 10
    reasons = {reject['file'].rsplit('/', 1)[1]: reject['reason'] for reject in rejects}
    assert reasons['04b.jpg'] == 'zero bytes'
    assert reasons['90.jpg'].startswith('truncated')
    assert reasons['91.png'] == 'too small: 200 x 30 px, least edge 64 px'


def test_long_images_are_made_smaller_when_asked(photo_folder):
    folders = ImageFolders({'p': photo_folder}, min_edge=64, max_edge=100)
    record = folders.load(folders.plan()[0][:1])[1][0]
    assert record['size'] == [100, 100] and record['source_size'] == [128, 128]


def test_a_missing_folder_names_the_command_that_builds_it(tmp_path):
    with pytest.raises(UserError, match='gone: no such folder .*Build it with: make data'):
        ImageFolders({'x': tmp_path / 'gone'}, hint='make data').plan()
    with pytest.raises(UserError, match='no image found'):
        ImageFolders({'x': tmp_path}).plan()
    with pytest.raises(UserError, match='sources is empty'):
        ImageFolders({})
    with pytest.raises(UserError, match='images_per_shard is 0'):
        ImageFolders({'x': tmp_path}, images_per_shard=0)


def test_excluded_images_are_left_out_of_their_source_only(photo_folder):
    sources = {'a': photo_folder, 'b': photo_folder}
    plan = ImageFolders(sources, exclude=['a/0[1-9]*', '*/00.jpg']).plan()
    assert [image['key'] for shard in plan for image in shard] == [
        'b_01', 'b_02', 'b_03', 'b_04', 'b_04b', 'b_05', 'b_06', 'b_07', 'b_08', 'b_09']

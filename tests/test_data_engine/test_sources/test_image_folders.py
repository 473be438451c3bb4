import os

import pytest
from PIL import Image

from mmrice.data_engine.sources import ImageFolders
from mmrice.data_engine.sources.image_folders import walk
from mmrice.utils import UserError


def test_images_are_planned_in_order_and_cut_into_shards(photo_folder):
    plan = list(ImageFolders({'photos': photo_folder}, images_per_shard=4).plan())
    assert [len(shard) for shard in plan] == [4, 4, 3]
    assert [image['key'] for shard in plan for image in shard][3:6] == ['photos_03', 'photos_04', 'photos_04b']


def test_a_changed_image_changes_its_own_shard_alone(photo_folder):
    source = ImageFolders({'photos': photo_folder}, images_per_shard=4)
    before = list(source.plan())
    os.utime(photo_folder / '04.jpg', (1, 1))
    assert [old == new for old, new in zip(before, source.plan())] == [True, False, True]


def test_keys_are_unique_and_free_of_dots_and_slashes(tmp_path):
    (tmp_path / 'in' / 'sub dir').mkdir(parents=True)
    for name in ('in/a.b.png', 'in/a_b.png', 'in/sub dir/é.png', 'in/.hidden.png', 'in/notes.txt'):
        Image.new('RGB', (4, 4)).save(tmp_path / name, 'PNG')
    keys = [image['key'] for shard in ImageFolders({'in': tmp_path / 'in'}).plan() for image in shard]
    assert keys == ['in_a_b', 'in_a_b~2', 'in_sub_dir_']


def test_folders_are_walked_in_the_order_of_the_paths(tmp_path):
    paths = ['a-b.jpg', 'a.jpg', 'a/c.JPG', 'a/b/d.jpeg', 'a0.png', 'Z.jpg', 'a/.git/x.jpg']
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / 'link.jpg').symlink_to(tmp_path / 'nowhere')
    assert [path for path, _ in walk(tmp_path)] == sorted(paths[:-1])


def test_plain_jpegs_are_kept_byte_for_byte_and_others_become_jpegs(photo_folder, load):
    Image.new('L', (80, 90), 7).save(photo_folder / 'grey.png')
    _, kept, _ = load(ImageFolders({'p': photo_folder}, min_edge=64))
    images = {image.record['key']: image.jpeg for image in kept}
    assert images['p_00'] == (photo_folder / '00.jpg').read_bytes()
    assert images['p_grey'][:2] == b'\xff\xd8'
    assert kept[-1].record == {'key': 'p_grey', 'source': 'p', 'file': 'grey.png', 'size': [80, 90],
                               'source_size': [80, 90]}


def test_unusable_images_are_listed_with_their_reason(photo_folder, load):
    (photo_folder / '90.jpg').write_bytes((photo_folder / '00.jpg').read_bytes()[:700])
    Image.new('RGB', (200, 30)).save(photo_folder / '91.png')
    source = ImageFolders({'p': photo_folder}, min_edge=64, max_pixels=20_000)
    (photo_folder / '92.bmp').write_bytes(bytes(160_001))
    (shard,) = source.plan()
    (photo_folder / '09.jpg').unlink()
    reasons = {note['file'].rsplit('/', 1)[1]: note['reason'] for (note,) in
               (image for image in source.load(shard, {}) if len(image) == 1)}
    assert reasons.pop('90.jpg').startswith('truncated: ')
    assert reasons == {'04b.jpg': 'zero bytes', '91.png': 'too small: 200 x 30 px, least edge 64 px',
                       '92.bmp': 'too large: 160001 bytes, limit 160000 (8 for each of max_pixels)',
                       '09.jpg': 'unreadable: No such file or directory'}


def test_an_image_that_has_a_twin_is_listed_as_its_duplicate(photo_folder, load):
    keys, _, left = load(ImageFolders({'p': photo_folder}, min_edge=64), twins={1: 'p_00'})
    assert len(keys) == 9 and left == [('01.jpg', 'duplicate: the same bytes as p_00'), ('04b.jpg', 'zero bytes')]


def test_long_images_are_made_smaller_when_asked(photo_folder, load):
    record = load(ImageFolders({'p': photo_folder}, min_edge=64, max_edge=100))[1][0].record
    assert record['size'] == [100, 100] and record['source_size'] == [128, 128]


def test_a_missing_folder_names_the_command_that_builds_it(tmp_path):
    with pytest.raises(UserError, match='gone: no such folder .*Build it with: make data'):
        list(ImageFolders({'x': tmp_path / 'gone'}, hint='make data').plan())
    with pytest.raises(UserError, match='no image found'):
        list(ImageFolders({'x': tmp_path}).plan())
    with pytest.raises(UserError, match='sources is empty'):
        ImageFolders({})
    with pytest.raises(UserError, match='images_per_shard is 0'):
        ImageFolders({'x': tmp_path}, images_per_shard=0)


def test_excluded_images_are_left_out_of_their_source_only(photo_folder):
    sources = {'a': photo_folder, 'b': photo_folder}
    plan = ImageFolders(sources, exclude=['a/0[1-9]*', '*/00.jpg']).plan()
    assert [image['key'] for shard in plan for image in shard] == [
        'b_01', 'b_02', 'b_03', 'b_04', 'b_04b', 'b_05', 'b_06', 'b_07', 'b_08', 'b_09']

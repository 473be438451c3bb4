"""Browsing region shards."""
import json

import numpy as np
import pytest

from mmrice.utils import UserError
from mmrice.visualization.shards import RegionShards


def test_clusters_come_by_size_with_all_their_members(shard_dir):
    clusters = RegionShards(shard_dir).clusters()
    assert {label: len(members) for label, members in clusters.items()} == {0: 4, 1: 2, 2: 1}
    assert list(clusters) == [0, 1, 2]
    assert [region.key for region in clusters[2]] == ['k3']
    np.testing.assert_array_equal(clusters[2][0].box, [8, 4, 30, 40])


def test_members_nearest_to_the_centre_come_first_where_embeddings_are_kept(shard_dir):
    (shard_dir / '.work').mkdir()
    angles = np.linspace(0, 1, 7)
    embeddings = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    np.save(shard_dir / '.work' / '000000.embed.npy', embeddings.astype(np.float16))
    np.save(shard_dir / 'centers.npy', np.array([[0., 1.], [1., 0.], [1., 0.]], np.float32))
    members = RegionShards(shard_dir).clusters()[0]
    cosines = [region.cosine for region in members]
    assert cosines == sorted(cosines, reverse=True)
    assert [region.key for region in members] == ['k3', 'k2', 'k1', 'k0']
    np.testing.assert_allclose(cosines[-1], 0, atol=1e-3)


def test_samples_are_distinct_and_begin_with_images_that_have_words(shard_dir):
    shards = RegionShards(shard_dir)
    keys = shards.sample(4)
    assert keys[0] == 'k1'
    assert sorted(keys) == ['k0', 'k1', 'k2', 'k3']
    assert shards.sample(100)[0] == 'k1' and len(shards.sample(100)) == 4


def test_an_image_is_decoded_as_rgb(shard_dir):
    image = RegionShards(shard_dir).image('k2')
    assert image.shape == (48, 64, 3) and image.dtype == np.uint8


def test_words_are_read_where_there_are_any(shard_dir):
    assert RegionShards(shard_dir).vocabulary == ['push', 'exit']
    (shard_dir / 'ocr_vocab.json').unlink()
    assert RegionShards(shard_dir).vocabulary is None


def test_a_damaged_image_is_named(shard_dir):
    path = shard_dir / '000000.tar'
    content = path.read_bytes()
    path.write_bytes(content.replace(b'\xff\xd8\xff', b'\0\0\0'))
    with pytest.raises(UserError, match='k0.jpg cannot be decoded'):
        RegionShards(shard_dir).image('k0')


def test_a_build_that_is_not_finished_is_refused(shard_dir):
    meta = json.loads((shard_dir / 'meta.json').read_text())
    assert meta['num_images'] == 4
    (shard_dir / 'meta.json').unlink()
    with pytest.raises(UserError, match='no finished region shards'):
        RegionShards(shard_dir)

"""What the gallery shows is what the shards hold."""
import json
import shutil
from collections import Counter

import numpy as np
import pytest
from gallery_build import CLUSTERS, NASTY, write_build

from mmrice.visualization.region_gallery import Limits, build_gallery
from mmrice.visualization.region_gallery.labels import choose, choose_images
from mmrice.visualization.region_gallery.members import Best


def data_of(root, **limits):
    head, data, _ = build_gallery(root, Limits(**limits)).page
    return {**json.loads(data), 'head': head}


def crops_of(data, entry):
    """(key, cosine) of the crops of a cluster or word."""
    return [(data['crops'][index]['key'], cosine) for index, cosine in entry['crops']]


def test_sizes_images_and_mean_cosines_are_those_of_all_members(build):
    root, regions = build
    data = data_of(root)
    assert len(data['clusters']) == CLUSTERS
    for cluster in data['clusters'][:5]:
        members = [region for region in regions if region[3] == cluster['id']]
        assert cluster['size'] == len(members) > 0
        assert cluster['images'] == len({key for _, key, *_ in members})
        assert cluster['cosine'] == pytest.approx(np.mean([member[4] for member in members]), abs=2e-3)


def test_crops_are_the_members_nearest_to_the_centre_over_all_shards(build):
    root, regions = build
    data = data_of(root, crops=3)
    for cluster in data['clusters'][:5]:
        best = sorted((region for region in regions if region[3] == cluster['id']), key=lambda one: -one[4])[:3]
        assert [key for key, _ in crops_of(data, cluster)] == [region[1] for region in best]
        assert [cosine for _, cosine in crops_of(data, cluster)] == pytest.approx([one[4] for one in best], abs=2e-3)


def test_an_empty_cluster_comes_last_and_has_no_crops(build):
    empty = data_of(build[0])['clusters'][-1]
    assert empty == {'id': 5, 'size': 0, 'images': 0, 'crops': [], 'cosine': None}


def test_without_embeddings_members_are_random_by_seed_and_the_page_says_so(build):
    root, regions = build
    shutil.rmtree(root / '.work')
    first, again, other = (data_of(root, crops=2, seed=seed) for seed in (0, 0, 1))
    assert first == again and first['clusters'] != other['clusters']
    assert '2 random members of each, since the embeddings of the build are gone' in first['head']
    assert 'value="tight"' not in first['head']
    for cluster in first['clusters']:
        assert cluster['cosine'] is None
        keys = {region[1] for region in regions if region[3] == cluster['id']}
        assert {key for key, _ in crops_of(first, cluster)} <= keys


@pytest.mark.parametrize('damage, reason', [
    (lambda path: np.save(path, np.zeros((3, 4), np.float16)), 'are those of other regions'),
    (lambda path: path.write_bytes(b'no array'), 'are damaged')])
def test_embeddings_that_do_not_fit_are_not_used(build, damage, reason):
    damage(build[0] / '.work' / '000001.embed.npy')
    data = data_of(build[0])
    assert f'the embeddings of the build {reason}' in data['head']
    assert all(cluster['cosine'] is None for cluster in data['clusters'])


def test_words_in_use_have_their_counts_crops_and_what_was_read(build):
    data = data_of(build[0])
    assert [(word['word'], word['size']) for word in data['words']] == [('push', 6), (NASTY, 6), ('hello</w>', 6)]
    texts = [[data['crops'][index]['text'] for index, _ in word['crops']] for word in data['words']]
    assert texts[0] == texts[1] == [NASTY] * 6
    assert sorted(texts[2]) == sorted(f'Hello k{shard}{number}' for shard in range(3) for number in (1, 3))
    assert data['words'][0]['crops'] == data['words'][1]['crops']  # a crop is stored once


def test_crops_know_where_their_region_is_among_the_images(build):
    data = data_of(build[0], images=5)
    assert len(data['images']) == 5
    found = 0
    for crop in data['crops']:
        if crop['image'] >= 0:
            image = data['images'][crop['image']]
            assert image['key'] == crop['key'] and image['boxes'][crop['box']][7] == crop['text']
            found += 1
    assert found == sum(crop['key'] in {image['key'] for image in data['images']} for crop in data['crops']) > 0


def test_half_of_the_images_are_those_that_most_crops_come_from(build):
    data = data_of(build[0], crops=2, images=4)
    counts = Counter(key for name in ('clusters', 'words') for entry in data[name] for key, _ in crops_of(data, entry))
    shown = {image['key'] for image in data['images']}
    assert set(sorted(counts, key=lambda key: (-counts[key], key))[:2]) <= shown


def test_limits_bound_what_is_shown(build):
    data = data_of(build[0], clusters=2, crops=1, images=1, words=1)
    assert [len(data[name]) for name in ('clusters', 'words', 'images')] == [2, 1, 1]
    assert len(data['crops']) == 3
    nothing = data_of(build[0], clusters=0, crops=0, images=0, words=0)
    assert [nothing[name] for name in ('clusters', 'words', 'images', 'crops')] == [[]] * 4


def test_an_image_of_several_clusters_is_counted_in_the_nearest(tmp_path):
    regions = write_build(tmp_path / 'shards', kind='image', ocr=False)
    data = data_of(tmp_path / 'shards')
    sizes = Counter(region[3] for region in regions)
    assert {one['id']: one['size'] for one in data['clusters']} == {label: sizes[label] for label in range(CLUSTERS)}
    assert all(len(image['boxes'][0][6]) == 2 for image in data['images'])
    assert 'id="words"' not in data['head']


def test_a_build_with_text_alone_has_no_clusters(tmp_path):
    write_build(tmp_path / 'shards', kind=None)
    data = data_of(tmp_path / 'shards')
    assert data['clusters'] == [] and len(data['words']) == 3 and len(data['images']) == 6
    assert 'id="clusters"' not in data['head'] and 'id="words"' in data['head']


def test_clusters_are_spread_from_the_largest_to_the_smallest_that_is_not_empty():
    sizes = np.array([0, 9, 4, 0, 7, 1, 3])
    assert choose(sizes, 3, spread=True).tolist() == [1, 2, 5]
    assert choose(sizes, 3).tolist() == [1, 4, 2]
    assert choose(sizes, 9, spread=True).tolist() == [1, 4, 2, 6, 5, 0, 3]


def test_random_images_are_distinct_and_lie_in_their_shards():
    counts = [3, 0, 5]
    assert sorted(choose_images(counts, 9, 0)) == [(0, 0), (0, 1), (0, 2), *((2, n) for n in range(5))]
    assert len(set(choose_images(counts, 4, 0))) == 4
    assert choose_images([0, 0], 4, 0) == []


def test_the_best_rows_of_a_slot_are_kept_in_bounded_memory():
    best, scores = Best(2), np.random.default_rng(0).random((50, 8)).astype(np.float32)
    for shard, own in enumerate(scores):
        best.add(slot=np.arange(8) % 4, score=own, shard=shard, row=np.arange(8), image=0)
        assert len(best.rows) <= 8
    expected = np.sort(scores.reshape(100, 4)[:, 3])[-2:][::-1]
    np.testing.assert_array_equal(best.slot(3)['score'], expected)
